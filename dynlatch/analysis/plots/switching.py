"""The directed graph of switches between attractors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.plane import plane_of
from dynlatch.analysis.plots.style import axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape.switching import SwitchingThresholds

INK = "#333333"
CROWDED = 0.25  # nodes closer than this, relative to the picture, are put on a circle instead
LABELLED = 24  # edges that bear their cost; of more, the cheapest from every node do


def plot_switching(switches: SwitchingThresholds, *, ax: Axes | None = None) -> Axes:
    """Attractors where they lie, arrows where inputs lead: the cheaper the switch, the thicker and darker the arrow.

    A switch that is made more cheaply in stages is left out.
    """
    import networkx as nx

    ax = axes(ax, size=(6.6, 5.6))
    graph = switches.graph()
    graph.remove_edges_from([(i, j) for i, j in list(graph.edges) if switches.via[i, j] >= 0])
    places = {i: tuple(where) for i, where in enumerate(_places(switches))}
    nx.draw_networkx_nodes(
        graph, places, ax=ax, node_size=620, node_color=tints(len(switches), MARKER), edgecolors="white", linewidths=1.5
    )
    nx.draw_networkx_labels(graph, places, ax=ax, font_color="white", font_size=10, font_weight="bold")
    _edges(ax, graph, places)
    size = "largest entry" if np.isinf(switches.norm) else "2-norm"
    ax.set_title(f"least input found that switches ({size})", fontsize=11)
    ax.axis("off")
    ax.margins(0.16)
    return ax


def _places(switches: SwitchingThresholds) -> Array:
    """Nodes (k, 2) in the plane of the attractors, or on a circle where they would cover each other."""
    k, points = len(switches), switches.points
    if points.shape[1] > 1:
        where = plane_of(points, "").of(points)
        reach = float(np.ptp(where, axis=0).max()) or 1.0
        gaps = np.linalg.norm(where[:, None] - where, axis=-1) + np.eye(k) * reach
        if gaps.min() > CROWDED * reach and np.ptp(where, axis=0).min() > 0.2 * reach:
            return where
    elif k == 2:
        return np.column_stack([points[:, 0] / np.abs(points).max(), np.zeros(2)])
    angle = np.pi / 2 - 2.0 * np.pi * np.arange(k) / k
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _edges(ax: Axes, graph: Any, places: dict[int, tuple[float, float]]) -> None:
    import networkx as nx
    from matplotlib import colormaps

    edges = sorted(graph.edges(data="cost"), key=lambda edge: -edge[2])  # the cheap ones on top
    if not edges:
        ax.text(0.5, 0.02, "no switch was found", transform=ax.transAxes, ha="center", color=INK)
        return
    costs = np.array([cost for _, _, cost in edges])
    ease = costs.min() / costs
    nx.draw_networkx_edges(
        graph, places, ax=ax, edgelist=[(i, j) for i, j, _ in edges], width=0.8 + 2.6 * ease,
        edge_color=colormaps["cividis_r"](0.15 + 0.8 * ease), connectionstyle="arc3,rad=0.13", node_size=620, arrowsize=13,
    )  # fmt: skip
    labels = {(i, j): f"{cost:.3g}" for i, j, cost in _told(edges)}
    nx.draw_networkx_edge_labels(
        graph, places, ax=ax, edge_labels=labels, connectionstyle="arc3,rad=0.13", font_size=8, font_color=INK, label_pos=0.42,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )  # fmt: skip


def _told(edges: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """The edges that bear a number."""
    if len(edges) <= LABELLED:
        return edges
    cheapest: dict[int, float] = {}
    for i, _, cost in edges:
        cheapest[i] = min(cost, cheapest.get(i, np.inf))
    return [edge for edge in edges if edge[2] <= 1.001 * cheapest[edge[0]]]
