"""Colours for any number of basins: each attractor has a hue, its basin a soft tint of it, Gamma a deeper one.

Tints are made in OKLCH, where equal steps look equal (Ottosson, B., A perceptual color space for image processing, 2020).
"""

from __future__ import annotations

import numpy as np

from dynlatch.validation import Array

# Hues of Okabe and Ito's palette, the ones that colour-blind readers tell apart best first: blue, orange, green, purple,
# vermilion, yellow, sky.
HUES = (250.0, 65.0, 165.0, 345.0, 35.0, 105.0, 215.0)
# Lightness and chroma of a basin, of Gamma in it, and of the attractor's marker.
BASIN, GAMMA, MARKER = (0.925, 0.042), (0.805, 0.088), (0.50, 0.135)
STEPS = (0.0, -0.035, 0.02)  # lightness of neighbours in the list differs, where hues must be close


def tints(count: int, level: tuple[float, float]) -> Array:
    """sRGB colours in [0, 1] of `count` attractors at one level, shape (count, 3)."""
    lightness, chroma = level
    if count <= len(HUES):
        return np.array([oklch(lightness, chroma, hue) for hue in HUES[:count]]).reshape(count, 3)
    hues = 250.0 + 360.0 * np.arange(count) / count
    return np.array([oklch(lightness + STEPS[k % 3], chroma, hue) for k, hue in enumerate(hues)])


def oklch(lightness: float, chroma: float, hue: float) -> Array:
    """An sRGB colour in [0, 1]^3; the chroma is lowered until the colour exists."""
    for shrink in np.linspace(1.0, 0.0, 21):
        rgb = _linear(lightness, shrink * chroma, float(np.deg2rad(hue)))
        if rgb.min() >= -1e-3 and rgb.max() <= 1.0 + 1e-3:
            break
    rgb = np.clip(rgb, 0.0, 1.0)
    return np.asarray(np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1.0 / 2.4) - 0.055))


def _linear(lightness: float, chroma: float, angle: float) -> Array:
    a, b = chroma * np.cos(angle), chroma * np.sin(angle)
    long = lightness + 0.3963377774 * a + 0.2158037573 * b
    middle = lightness - 0.1055613458 * a - 0.0638541728 * b
    short = lightness - 0.0894841775 * a - 1.2914855480 * b
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    return np.asarray(to_rgb @ np.array([long, middle, short]) ** 3)
