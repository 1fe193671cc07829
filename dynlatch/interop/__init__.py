"""Trained networks from outside, as networks of `dynlatch.networks`. Nothing in a file is ever executed."""

from dynlatch.interop.flax import from_flax as from_flax
from dynlatch.interop.load import load_network as load_network
from dynlatch.interop.pytorch import from_torch as from_torch
from dynlatch.interop.torch_cell import from_torch_cell as from_torch_cell
