"""A walk through good fields in the order of a shuffle, with what lies in and around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from galaxycurate.archives.archive import Archive
from galaxycurate.core.geometry import chord, unit_vectors
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.curation.vacancy import FieldArea, galaxy_radius, reach_deg, star_radius
from galaxycurate.errors import InputError
from galaxycurate.store import sqlfiles
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

TURNS = 1_000_003
"""The shuffle gives every field one of so many turns."""

MOST_FIELDS = 1000
"""Fields asked for at once, at most."""

_ROWS_A_FIELD = 1400
_GROWTH = 0.4
"""Galaxies to r = 20 in and around a lonely field, and how they grow (10^0.4 for each magnitude).

Field 3900-6-269 has 47, 118, 280 to r = 20, 21, 22; the survey saw the sky 2.17 times, and about 14
fields of one run lie within reach.
"""


@dataclass(frozen=True)
class Choice:
    """What makes a field good, and what may not lie in a cutout.

    Parameters
    ----------
    score : float
        Good fields score strictly above it.
    stars : bool
        The stars of the fields are wanted, too.
    masks : bool
        Masked sky is kept clear of.
    """

    score: float
    stars: bool = False
    masks: bool = False

    def questions(self, settings: Settings, first: int = 0, last: int = TURNS - 1) -> list[Query]:
        """What is asked about the fields of some turns, the fields themselves first.

        Parameters
        ----------
        settings : Settings
        first, last : int
            Turns of the shuffle.

        Returns
        -------
        list of Query
        """
        turns = {
            "score": self.score,
            "seed": settings.seed,
            "first_turn": first,
            "last_turn": last,
        }
        reach = {"reach": reach_deg(settings.margin_arcsec)}
        asked = [
            sqlfiles.read("fields_good").bind(**turns),
            sqlfiles.read("negatives_cell").bind(
                limit_mag_r=settings.limit_mag_r, **reach, **turns
            ),
        ]
        if self.stars:
            asked.append(sqlfiles.read("negatives_star").bind(**turns))
        if settings.star_mag_r:
            bright = {"star_mag_r": settings.star_mag_r}
            asked.append(sqlfiles.read("bright_stars").bind(**bright, **reach, **turns))
        if self.masks:
            asked.append(sqlfiles.read("masks").bind(**turns))
        return asked


class Stretch:
    """The fields of some turns, and the discs that cutouts in them must keep clear of.

    Parameters
    ----------
    answers : dict of str to pandas.DataFrame
        By the name of the question.
    """

    def __init__(self, answers: dict[str, pd.DataFrame]):
        self.fields = answers["fields_good"]
        stars = answers.get("negatives_star")
        self._stars = {} if stars is None else dict(list(stars.groupby("fieldID")))
        galaxies = answers["negatives_cell"]
        self.mag_r = galaxies.r.to_numpy()
        parts = [
            (galaxies.ra, galaxies.dec, galaxy_radius(galaxies.petroRad_r, galaxies.r)),
        ]
        if "bright_stars" in answers:
            bright = answers["bright_stars"]
            parts.append((bright.ra, bright.dec, star_radius(bright.r)))
        if "masks" in answers:
            masks = answers["masks"]
            parts.append((masks.ra, masks.dec, masks.radius * 3600))
        self._discs = tuple(
            np.concatenate([np.asarray(p[k], float) for p in parts]) for k in (0, 1, 2)
        )
        lost = int((~np.isfinite(self._discs)).any(axis=0).sum())
        if lost:
            raise InputError(
                f"{lost:,} galaxies, stars or masks near the fields have no position or size",
                hint="the archive's rows are damaged: add the file again, or ask another archive",
            )
        self._tree = cKDTree(unit_vectors(self._discs[0], self._discs[1]).reshape(-1, 3))
        self._widest = float(self._discs[2].max(initial=0.0))

    def near(self, area: FieldArea, margin_arcsec: float) -> np.ndarray:
        """Rows of the discs that can matter in a field.

        Parameters
        ----------
        area : FieldArea
        margin_arcsec : float

        Returns
        -------
        ndarray of int64
        """
        centre = unit_vectors(area.ra, area.dec)
        reach = area.radius_arcsec + margin_arcsec
        near = self._tree.query_ball_point(centre, chord(reach + self._widest))
        rows = np.array(near, np.int64)
        away = np.linalg.norm(
            self._tree.data[rows] - centre, axis=1
        )  # a chord is less than its arc
        return rows[np.degrees(away) * 3600 < reach + self._discs[2][rows]]

    def discs(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ra, dec [deg] and radius [arcsec] of some discs."""
        ra, dec, radius = (values[rows] for values in self._discs)
        return ra, dec, radius

    def stars_of(self, field_id: str) -> pd.DataFrame | None:
        """The stars of one field; None where it has none."""
        return self._stars.get(field_id)


def stretches(
    archive: Archive,
    settings: Settings,
    choice: Choice,
    n_good: int,
    n_wanted: int,
    progress: Progress = silent,
) -> Iterator[Stretch]:
    """Ask for the good fields, some at a time.

    Parameters
    ----------
    archive : Archive
    settings : Settings
    choice : Choice
    n_good : int
        Good fields in all.
    n_wanted : int
        Fields that may be needed.
    progress : callable
        Told what the archive says while it is asked.

    Yields
    ------
    Stretch
    """
    around = _ROWS_A_FIELD * 10 ** (_GROWTH * (settings.limit_mag_r - 20))
    most = min(MOST_FIELDS, archive.rows_at_once / around)
    first, at_once = 0, max(n_wanted, 50)
    while first < TURNS:
        share = min(at_once, most) / max(n_good, 1)
        last = min(first + max(1, int(TURNS * share)), TURNS) - 1
        asked = choice.questions(settings, first, last)
        answers = {
            query.name: archive.run(
                query, progress=lambda _done, _total, text: progress(0, 0, text)
            )
            for query in asked
        }
        answers["negatives_cell"] = answers["negatives_cell"].drop_duplicates("objID")
        yield Stretch(answers)
        first, at_once = last + 1, 2 * at_once


class Taken:
    """Cutouts that exist already, to be found by position."""

    _CELL = (
        0.01  # of the unit sphere: 0.57 degrees, more than two cutouts of one field can be apart
    )

    def __init__(self) -> None:
        self._cells: dict[tuple[int, ...], list[tuple[float, float]]] = defaultdict(list)

    def add(self, ra: float, dec: float) -> None:
        """One more."""
        self._cells[self._cell(ra, dec)].append((ra, dec))

    def near(self, ra: float, dec: float) -> tuple[np.ndarray, np.ndarray]:
        """ra, dec [deg] of those that could share sky with a cutout of the field at a position."""
        cell = self._cell(ra, dec)
        around = product(*((n - 1, n, n + 1) for n in cell))
        found = [place for key in around if key in self._cells for place in self._cells[key]]
        places = np.array(found, float).reshape(-1, 2)
        return places[:, 0], places[:, 1]

    def _cell(self, ra: float, dec: float) -> tuple[int, ...]:
        return tuple(int(v // self._CELL) for v in unit_vectors(ra, dec))
