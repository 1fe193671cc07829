"""Conley-Morse graphs: the recurrent sets of a map in a box, and which lead to which."""

from dynlatch.analysis.morse.result import MorseGraph as MorseGraph
from dynlatch.analysis.morse.result import MorseKind as MorseKind
from dynlatch.analysis.morse.verb import morse_graph as morse_graph
