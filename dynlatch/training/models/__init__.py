"""Network architectures that are trained: shapes without weights."""

from dynlatch.training.models.dense import Dense as Dense

ARCHITECTURES: tuple[type, ...] = (Dense,)
