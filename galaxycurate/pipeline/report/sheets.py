"""Which cutouts the contact sheets show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome, Status, Verdict
from galaxycurate.errors import InputError
from galaxycurate.pipeline.report.facts import Cutout, Pair, Sheet
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.status import Recorded
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

PER_CLASS = 36
PER_REASON = 12
PAIRS = 18

ARRAYS = {".fits", ".npz"}
"""Endings of what is no picture to look at."""

_SHOWN = ("ra", "dec", "vote_fraction", "r", "clear_arcsec", "score")


class Sheets:
    """Selections for the contact sheets, drawn by the settings' seed."""

    def __init__(self, settings: Settings, rows: Rows, records: Recorded):
        self._tree = open_tree(Path(settings.dataset))
        self._seed = settings.seed
        self._rows = rows
        self._records = records
        self._by_path = {outcome.path: outcome for outcome in records.outcomes}

    def of_classes(self) -> Iterable[Sheet]:
        """A random draw of each class, from the splits when there are any."""
        outcomes = self._records.survivors
        for label in sorted({outcome.label for outcome in outcomes}):
            yield self._sheet(label, [o for o in outcomes if o.label == label], PER_CLASS)

    def of_reasons(self) -> Iterable[Sheet]:
        """What was not kept, by reason, the most frequent first."""
        settled = [o for o in self._records.outcomes if o.status is not Status.OK]
        for (status, reason), _n in Counter((o.status, o.reason) for o in settled).most_common():
            those = [o for o in settled if (o.status, o.reason) == (status, reason)]
            yield self._sheet(f"{status}: {reason}", those, PER_REASON)

    def distinct_pairs(self) -> list[Verdict]:
        """One verdict a pair, the strongest: same bytes, same object, shared sky."""
        once = {frozenset((v.path, v.partner)): v for v in reversed(self._records.verdicts)}
        return [v for v in once.values() if {v.path, v.partner} <= self._by_path.keys()]

    def of_pairs(self) -> Iterable[Pair]:
        """The pairs that dedupe found, those that share most sky first within each kind."""
        pairs = self.distinct_pairs()
        kinds = sorted({v.kind for v in pairs})
        each = max(1, PAIRS // max(1, len(kinds)))
        for kind in kinds:
            those = sorted((v for v in pairs if v.kind == kind), key=lambda v: -v.amount)
            for verdict in those[:each]:
                yield Pair(
                    self._cutout(self._by_path[verdict.path]),
                    self._cutout(self._by_path[verdict.partner]),
                    str(verdict.kind), verdict.amount, verdict.keep, verdict.evidence,
                )  # fmt: skip

    def _sheet(self, title: str, outcomes: list[Outcome], at_most: int) -> Sheet:
        rng = np.random.default_rng([self._seed, *title.encode()])
        drawn = rng.permutation(len(outcomes))[:at_most]
        return Sheet(title, len(outcomes), tuple(self._cutout(outcomes[k]) for k in sorted(drawn)))

    def _cutout(self, outcome: Outcome) -> Cutout:
        index = self._rows.index(outcome.label, outcome.name)
        row = self._rows.whole(index) if index is not None else {}
        picture, lack = self._picture(outcome, row.get("source_file") or "")
        note = ": ".join(text for text in (outcome.reason, outcome.detail) if text)
        return Cutout(
            path=outcome.path,
            label=outcome.label,
            name=outcome.name,
            picture=picture,
            note=lack if outcome.status is Status.OK else note,
            objid=next((str(row[i]) for i in ("objID", "dr7objid") if row.get(i)), ""),
            split=self._records.split.get(outcome.path, (0, ""))[1],
            **{name: row.get(name) for name in _SHOWN},
        )

    def _picture(self, outcome: Outcome, source: str) -> tuple[bytes | None, str]:
        """A cutout's file, or why there is none to show; a rejected import lies where it lay."""
        ending = Path(outcome.path).suffix
        if ending in ARRAYS:
            return None, f"{ending[1:]} is not shown"
        with suppress(InputError, OSError):
            return self._tree.read(outcome.path), ""
        if outcome.status is not Status.OK and source:
            with suppress(OSError):
                return Path(source).read_bytes(), ""
        return None, "the file is gone"
