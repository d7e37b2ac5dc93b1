"""Positions for the tests, where searches go wrong: at the poles, across RA 0, at one place."""

import numpy as np


def cap(n, radius_deg, rng, south=False):
    """Around a pole."""
    dec = 90 - radius_deg * np.sqrt(rng.uniform(0, 1, n))
    return rng.uniform(0, 360, n), -dec if south else dec


def box(n, ra, dec, size_deg, rng):
    """Around a position."""
    level = max(np.cos(np.radians(dec)), 1e-3)
    return (ra + rng.uniform(-1, 1, n) * size_deg / 2 / level) % 360, np.clip(
        dec + rng.uniform(-1, 1, n) * size_deg / 2, -90, 90
    )


def sphere(n, rng):
    """All over."""
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def everywhere(n, rng):
    """Places by name."""
    return {
        "north pole": cap(n, 0.4, rng),
        "south pole": cap(n, 0.3, rng, south=True),
        "RA 0": box(n, 0.0, 0.1, 0.6, rng),
        "RA 0 near the pole": box(n, 360.0, 84.0, 0.5, rng),
        "mid north": box(n, 200.0, 60.0, 0.6, rng),
        "sphere": sphere(n, rng),
    }


def as_set(first, second):
    """Pairs as a set, each of them once."""
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    return set(pairs)
