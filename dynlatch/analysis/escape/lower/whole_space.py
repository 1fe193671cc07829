"""Whether the attractor attracts every state: then no input, however large, drives the state out for good.

The interval images of the trapping box shrink into the ball in which the map contracts. Structure says in which box every
orbit ends once the input is off, whatever the input was.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.intervals import Box
from dynlatch.maps import SmoothEnclosable
from dynlatch.validation import FARTHEST

STEPS = 500
STALLED = 0.999  # a box that shrinks by less than this factor in STALE steps has met other fixed points
STALE = 20


def attracts_everything(question: Question) -> bool:
    """Whether interval images of the trapping box end in the contraction ball: a proof; False where that is not shown."""
    system = question.system
    box = trapping_box(system)
    if box is None or np.max(np.abs(box)) >= FARTHEST or question.attractor.period > 1:
        return False
    if not question.smooth or not isinstance(system, SmoothEnclosable):
        return False
    try:
        ball = contraction_ball(system, question.attractor)
        return ball.proved and _ends_in(system, box, ball)
    except (NotAttracting, NotEnclosable):
        return False


def _ends_in(system: SmoothEnclosable, box: Box, ball: ContractionBall) -> bool:
    width = np.inf
    for step in range(STEPS):
        if ball.holds(*box):
            return True
        if step % STALE == 0:
            now = float(np.max(box[1] - box[0]))
            if not now < STALLED * width:
                return False
            width = now
        image = system.enclose(*box)
        box = np.maximum(image[0], box[0]), np.minimum(image[1], box[1])
    return False
