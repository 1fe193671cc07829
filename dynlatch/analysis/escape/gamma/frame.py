"""The norm in which steps are measured, and the Jacobian's norm along paths.

A step from a near point j of the attractor has size `|S_{j+1} M'(a, u) S_j^-1|_2`, with factors S_j of a norm adapted to the
attractor (`dynlatch.analysis.contraction`). One factor at a time for every rate q that is tried: q = 1 is the norm of
`reduced_attracting_set`, smaller rates contract faster around the attractor, and large ones come near the Euclidean norm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import ContractionBall, adapted_metrics
from dynlatch.analysis.escape.lower.dual.basin import FormMap
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.structure import ActivationForm, activations_of
from dynlatch.disturbances import Disturbed
from dynlatch.errors import NotAttracting
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap, coordinates, require_smooth
from dynlatch.validation import Array

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the way from the attractor's own rate to 1
BEYOND = (2.0, 8.0)  # rates above 1


class Setting(NamedTuple):
    """The system in which thresholds of Gamma are sought: in activations where the map has them, else as it is."""

    system: SmoothMap
    attractor: Attractor
    form: ActivationForm | None
    norm: float
    coordinates: str


class Frame(NamedTuple):
    """One adapted norm: factors S_j (p, n, n) and their inverses."""

    setting: Setting
    factors: Array
    inverses: Array

    @property
    def period(self) -> int:
        return len(self.factors)

    def ball(self, radius: float) -> ContractionBall:
        """The ball of this norm around the attractor; nothing about it is proved yet."""
        return ContractionBall(self.setting.attractor.points, self.factors, self.inverses, radius, np.inf, proved=True)

    def sizes(self, a: Array, t: NDArray[np.intp] | int, u: Array) -> Array:
        """`|S_{t+1} M'(a, u) S_t^-1|_2` of steps at times t from states a (..., n) under inputs u (..., m); shape (...)."""
        J = self.setting.system.jacobian(a, u)
        after, before = self.factors[(np.asarray(t) + 1) % self.period], self.inverses[np.asarray(t) % self.period]
        return matrix_norm(after @ J @ before)


def setting_of(question: Question) -> Setting:
    """The question in activations, if the map has an `ActivationForm`."""
    system = require_smooth(question.system, "gamma_threshold")
    form = question.form
    if form is None:
        return Setting(system, question.attractor, None, question.norm, coordinates(system))
    points = activations_of(system, question.attractor.points)
    attractor = question.attractor._replace(points=points)
    return Setting(Disturbed(FormMap(form), form.B), attractor, form, question.norm, "activation a")


def frames_of(setting: Setting) -> list[Frame]:
    """Adapted norms in which every step along the attractor itself shrinks.

    Raises
    ------
    NotAttracting
        If there are none: the attractor is neutral to rounding.
    """
    points = setting.attractor.points
    jacobians = setting.system.jacobian(points, np.zeros((len(points), setting.system.input_dim)))
    radius = setting.attractor.spectral_radius ** (1.0 / len(points))
    found = []
    for rate in (*(radius + share * (1.0 - radius) for share in SHARES), *BEYOND):
        try:
            factors = adapted_metrics(jacobians, rate)
        except (NotAttracting, np.linalg.LinAlgError):
            continue
        frame = Frame(setting, factors, np.asarray(np.linalg.inv(factors), dtype=np.float64))
        if (matrix_norm(np.roll(factors, -1, axis=0) @ jacobians @ frame.inverses) < 1.0).all():
            found.append(frame)
    if not found:
        raise NotAttracting(
            f"the attractor's largest multiplier has modulus {setting.attractor.spectral_radius:.12g}: no norm is found in "
            "which every step along it shrinks."
        )
    return found
