"""The list of found galaxies that is as complete as a wanted precision allows."""

import numpy as np

from train.detect.found import Found
from train.detect.listing import Listing
from train.detect.score import Score, judged


def at_precision(
    found: Found, listed: Listing, mag_r: np.ndarray, *, limit_r: float, precision: float, **more
) -> Score:
    """The most complete list that is at least so precise.

    Returns
    -------
    Score
        Of the lowest such threshold; of the highest score of all where none is so precise.
    """
    best = None
    for threshold in np.unique(found.score.round(3))[::-1]:
        one = judged(found, listed, mag_r, limit_r=limit_r, threshold=float(threshold), **more)
        if best is None or one.precision >= precision:
            best = one
    return best or judged(found, listed, mag_r, limit_r=limit_r, threshold=1.0, **more)
