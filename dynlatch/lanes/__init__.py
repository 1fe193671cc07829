"""Compiled cells: many small networks, or many sequences of one network, side by side.

The last axis of every array is the lane (a trial, or a sequence): neighbours in memory, so that one instruction works on
several of them. Lanes never meet: what a lane computes does not depend on the others, bit for bit.

Every compiled function that more than one file uses lives in this package; a kernel elsewhere calls these and its own file's.
Numba is slow to load, so nothing outside imports this package before it is needed.
"""
