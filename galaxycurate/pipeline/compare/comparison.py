"""What two providers draw of the same positions: one pair, and all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from galaxycurate.core.origin import is_simulated
from galaxycurate.curation.registration import Registration
from galaxycurate.imagery.job import Job

COLUMNS = ("name", "label", "ra", "dec", "pixscale", "size_px")
"""What a table says of a position."""


@dataclass(frozen=True)
class Pair:
    """One position as two providers draw it.

    Attributes
    ----------
    job : Job
    lack_a, lack_b : str
        Why there is no picture; empty where there is one.
    found : Registration
        Where the first picture lies in the second.
    colour : tuple of float
        Median over the pixels of the absolute difference of red, green and blue, the second picture
        laid on the first [DN].
    """

    job: Job
    lack_a: str = ""
    lack_b: str = ""
    found: Registration = field(default_factory=Registration)
    colour: tuple[float, float, float] = (np.nan, np.nan, np.nan)

    @property
    def drawn(self) -> bool:
        """Whether both gave a picture."""
        return not (self.lack_a or self.lack_b)

    @property
    def offset_arcsec(self) -> float:
        """Length of the shift on the sky."""
        return self.found.offset * self.job.pixscale

    def as_row(self) -> dict:
        """For the table: what was asked, what was found; empty where nothing could be told."""
        job, told = self.job, self.drawn and self.found.certain
        row = {name: getattr(job, name) for name in COLUMNS}
        row |= {"lack_a": self.lack_a, "lack_b": self.lack_b, "compared": int(told)}
        found = self.found
        values = {
            "dx_px": found.dx, "dy_px": found.dy, "offset_px": found.offset,
            "offset_arcsec": self.offset_arcsec, "scale": found.scale,
            "rotation_deg": found.rotation_deg, "mirrored": int(found.mirrored), "peak": found.peak,
            **dict(zip(("red_dn", "green_dn", "blue_dn"), self.colour, strict=True)),
        }  # fmt: skip
        return row | {
            k: f"{float(v):.6g}" if told or k == "peak" else "" for k, v in values.items()
        }


@dataclass(frozen=True)
class Comparison:
    """What two providers draw of the same positions.

    Attributes
    ----------
    a, b : str
        Their names.
    origins : mapping of str to str
        Who drew the pixels, as the servers name themselves, by provider.
    pairs : sequence of Pair
        In the order of the sample.
    table, picture : str
        The files that were written.
    """

    a: str
    b: str
    origins: Mapping[str, str]
    pairs: Sequence[Pair]
    table: str = ""
    picture: str = ""

    @property
    def told(self) -> list[Pair]:
        """Those whose pictures could be laid on each other."""
        return [pair for pair in self.pairs if pair.drawn and pair.found.certain]

    @property
    def simulated(self) -> bool:
        """Whether a sky was simulated."""
        return is_simulated(*self.origins.values())

    def missing(self) -> dict[str, dict[str, int]]:
        """By provider and reason, how many positions it gave no picture of."""
        counts = {
            self.a: Counter(pair.lack_a for pair in self.pairs if pair.lack_a),
            self.b: Counter(pair.lack_b for pair in self.pairs if pair.lack_b),
        }
        return {name: dict(counter.most_common()) for name, counter in counts.items()}

    def values(self) -> dict[str, tuple[float, float]]:
        """Median and worst of each quantity; nothing where no pair could be told."""
        told = self.told
        if not told:
            return {}
        found = [pair.found for pair in told]
        amounts = {
            "offset_px": [f.offset for f in found],
            "offset_arcsec": [pair.offset_arcsec for pair in told],
            "scale_error": [abs(f.scale - 1) for f in found],
            "rotation_deg": [abs(f.rotation_deg) for f in found],
            **{
                name: [pair.colour[n] for pair in told]
                for n, name in enumerate(("red_dn", "green_dn", "blue_dn"))
            },
        }
        return {name: (float(np.median(v)), float(max(v))) for name, v in amounts.items()}

    def as_dict(self) -> dict:
        """For JSON."""
        values = self.values()
        shifts = np.array([(p.found.dx, p.found.dy) for p in self.told]).reshape(-1, 2)
        shift = np.median(shifts, axis=0).tolist() if len(shifts) else None
        return {
            "a": self.a,
            "b": self.b,
            "positions": len(self.pairs),
            "both_drawn": sum(pair.drawn for pair in self.pairs),
            "compared": len(self.told),
            "mirrored": sum(pair.found.mirrored for pair in self.told),
            "missing": self.missing(),
            "simulated": self.simulated,
            "origins": dict(self.origins),
            "median_dx_dy_px": shift,
            "median": {name: round(pair[0], 6) for name, pair in values.items()},
            "worst": {name: round(pair[1], 6) for name, pair in values.items()},
            "table": self.table,
            "picture": self.picture,
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """Quantity, median and worst, for a table on the screen."""
        forms = {
            "offset_px": ("offset [pixel]", "{:.3f}"),
            "offset_arcsec": ("offset [arcsec]", "{:.3f}"),
            "scale_error": ("scale, difference from 1", "{:.5f}"),
            "rotation_deg": ("rotation [deg]", "{:.3f}"),
            "red_dn": ("red [DN]", "{:.1f}"),
            "green_dn": ("green [DN]", "{:.1f}"),
            "blue_dn": ("blue [DN]", "{:.1f}"),
        }
        values = self.values()
        return [
            (said, *(form.format(v) for v in values[name]))  # type: ignore[misc]
            for name, (said, form) in forms.items()
            if name in values
        ]
