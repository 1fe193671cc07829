"""Slow, obvious oracles for state networks: every path is listed; formulas in plain NumPy."""

from __future__ import annotations

from itertools import product

import numpy as np


def all_paths(tables, start, goal, symbols):
    """(likelihood, counts (K, S, S)) of ending in `goal`, by listing every path; `tables[k, i, j] = P(i | j, k)`."""
    S = tables.shape[1]
    likelihood, counts = 0.0, np.zeros_like(tables)
    for path in product(range(S), repeat=len(symbols)):
        if path[-1] != goal:
            continue
        states = (start, *path)
        steps = list(zip(symbols, states[1:], states[:-1], strict=True))
        probability = np.prod([tables[k, i, j] for k, i, j in steps])
        likelihood += probability
        for step in steps:
            counts[step] += probability
    return likelihood, counts / likelihood if likelihood > 0 else counts


def em_step(tables, start, goals, sequences):
    """One exact EM step over labelled sequences of symbols: (new tables, log-likelihood before)."""
    total, score = np.zeros_like(tables), 0.0
    for goal, symbols in zip(goals, sequences, strict=True):
        likelihood, counts = all_paths(tables, start, goal, symbols)
        score += np.log(likelihood)
        total += counts
    sums = total.sum(1, keepdims=True)
    return np.where(sums > 0, total / np.where(sums > 0, sums, 1.0), tables), score


def criterion(activations, topology, start, goals, sequences, weight):
    """`log L + c sum over sequences and k of N_k |det A_k|` of softmax activations (K E,), by products of matrices."""
    tables = softmax_tables(activations, topology)
    value = 0.0
    for goal, symbols in zip(goals, sequences, strict=True):
        p = np.eye(topology.states)[start]
        for k in symbols:
            p = tables[k] @ p
        value += np.log(p[goal])
        value += weight * sum(np.abs(np.linalg.det(tables[k])) for k in symbols)
    return value


def softmax_tables(activations, topology):
    tables = np.zeros((topology.symbols, topology.states, topology.states))
    for row, (j, i) in zip(activations.reshape(topology.symbols, -1).T, topology.edges, strict=True):
        tables[:, i, j] = np.exp(row)
    return tables / tables.sum(1, keepdims=True)
