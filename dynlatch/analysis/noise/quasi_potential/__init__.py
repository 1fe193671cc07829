"""The quasi-potential of an attractor, and the most probable way out of its basin."""

from dynlatch.analysis.noise.quasi_potential.result import PathOutcome as PathOutcome
from dynlatch.analysis.noise.quasi_potential.result import QuasiPotential as QuasiPotential
from dynlatch.analysis.noise.quasi_potential.verb import quasi_potential as quasi_potential
