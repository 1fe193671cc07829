"""Trained networks from outside, as networks of `dynlatch.networks`. Nothing in a file is ever executed."""

from dynlatch.interop.load import load_network as load_network
from dynlatch.interop.pytorch import from_torch as from_torch
