"""Which of the found galaxies look like stars: sep's word on the same light.

A network takes saturated and ringed stars for galaxies; sep measures how wide a source is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from galaxycurate.errors import InputError
from train.detect import classical
from train.detect.fields import Field
from train.detect.found import MATCH_PX, Found

LIKE_A_STAR = 0.2  # of sep_score: stars have 0.08; 0.5 is where sep itself draws the line


def by_sep(field: Field, say: Callable[[str], None]) -> Found | None:
    """What sep sees of the field; None, and told, where it cannot measure its PSF."""
    try:
        return classical.find(field)
    except InputError as error:
        say(f"note: no sep_score: {error}")
        return None


def like_stars(told: Found, name: str, say: Callable[[str], None]) -> int:
    """How many of the galaxies are no wider than a star to sep: told, for they may be stars."""
    count = int((told.sep_score < LIKE_A_STAR).sum())
    if count:
        say(
            f"note: {name}: {count:,} of {len(told):,} look like stars to sep (sep_score below "
            f"{LIKE_A_STAR:g} in the table); a network takes saturated stars for galaxies"
        )
    return count


def beside(found: Found, seen: Found | None) -> Found:
    """Galaxies with what sep says of the same light: its score of the nearest source.

    Parameters
    ----------
    found : Found
    seen : Found or None
        Of `find`; None where sep could not be asked.

    Returns
    -------
    Found
        With `sep_score`; NaN where sep sees nothing within `MATCH_PX` pixels.
    """
    from scipy.spatial import cKDTree

    if seen is None or not len(seen) or not len(found):
        return found
    apart, nearest = cKDTree(seen.xy).query(found.xy, distance_upper_bound=MATCH_PX)
    score = np.append(seen.score, np.nan)[nearest]
    return replace(found, sep_score=np.where(np.isfinite(apart), score, np.nan))
