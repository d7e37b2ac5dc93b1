"""Which cutouts the contact sheets show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import InputError
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.answered import Hard
from galaxycurate.pipeline.report.audited import suspected
from galaxycurate.pipeline.report.hardest import BY_NETWORK, hardest
from galaxycurate.pipeline.report.people import thrown_out
from galaxycurate.pipeline.report.rows import Rows, usable
from galaxycurate.pipeline.report.shown import Cutout, Sheet, Suspects
from galaxycurate.pipeline.search import LABEL
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

IN_ALL, PER_CLASS, FEWEST = 180, 36, 8
"""Pictures of a random draw: of all classes together, and of one at most and at least."""

A_ROW = 12
"""Pictures side by side on a wide page."""

HARD_IN_ALL, HARD = 60, 12
SUSPECT_NEGATIVES, SUSPECTS = 14, 7
PER_REASON, REASONS = 12, 6

_SHOWN = ("ra", "dec", "r", "clear_arcsec", "score")


class Sheets:
    """Selections for the contact sheets, drawn by the settings' seed."""

    def __init__(self, settings: Settings, rows: Rows, records: Recorded):
        self._tree = open_tree(Path(settings.dataset))
        self._seed = settings.seed
        self._rows = rows
        self._records = records
        self._by_path = {outcome.path: outcome for outcome in records.outcomes}
        self._usable = usable(records)

    def of_classes(self) -> Iterable[Sheet]:
        """A random draw of each class, of what a network is given."""
        by_class: dict[str, list[Outcome]] = {}
        for outcome in self._usable:
            by_class.setdefault(self._class_of(outcome), []).append(outcome)
        most = _drawn_each(len(by_class))
        for label, outcomes in sorted(by_class.items()):
            yield self._drawn(label, outcomes, most)

    def of_hardest(self, answers: Iterable[Hard]) -> Iterable[Sheet]:
        """Of each class those that the network, or else the volunteers, were least sure of."""
        relabelled = self._records.decided.relabelled
        order, found = hardest(self._rows, self._usable, answers, relabelled)
        by_class: dict[str, list[Cutout]] = {}
        totals = Counter(self._class_of(self._by_path[one.path]) for one in found)
        most = _each(HARD_IN_ALL, len(totals), HARD)
        for one in found:
            sheet = by_class.setdefault(self._class_of(self._by_path[one.path]), [])
            if len(sheet) < most:
                sheet.append(replace(self._cutout(self._by_path[one.path]), note=one.said))
        drawn = _drawn_each(len(totals))
        for label, cutouts in sorted(by_class.items()):
            if order == BY_NETWORK or totals[label] > drawn:  # else all are shown by the draw
                yield Sheet(label, totals[label], tuple(cutouts), order)

    def of_reasons(self) -> Iterable[Sheet]:
        """What was not kept, by reason, the most frequent first."""
        settled = [o for o in self._records.outcomes if o.status is not Status.OK]
        common = Counter((o.status, o.reason) for o in settled).most_common()
        for k, ((status, reason), _n) in enumerate(common):
            those = [o for o in settled if (o.status, o.reason) == (status, reason)]
            yield self._drawn(f"{status}: {reason}", those, PER_REASON if k < REASONS else 0)

    def of_thrown_out(self) -> Iterable[Sheet]:
        """What people left out, by their reason."""
        words = thrown_out(self._records)
        settled = self._records.decided.settled
        by_ground: dict[str, list[Cutout]] = {}
        totals = Counter(settled[path].ground for path in words if path in self._by_path)
        for path in sorted(words.keys() & self._by_path.keys()):
            sheet = by_ground.setdefault(settled[path].ground, [])
            if len(sheet) < PER_REASON:
                sheet.append(replace(self._cutout(self._by_path[path]), note=words[path]))
        for ground, n in totals.most_common(REASONS):
            yield Sheet(ground, n, tuple(by_ground[ground]), "by path")

    def of_suspects(self) -> Iterable[Suspects]:
        """What the audit holds against pictures, the brightest object first."""
        for title, verdicts in suspected(self._records):
            is_negative = title.startswith(f"{LABEL}: ")
            shown = verdicts[: SUSPECT_NEGATIVES if is_negative else SUSPECTS]
            cutouts = tuple((self._cutout(self._by_path[v.path]), v) for v in shown)
            yield Suspects(title, len(verdicts), cutouts)

    def _class_of(self, outcome: Outcome) -> str:
        return self._records.decided.label_of(outcome.path)

    def _drawn(self, title: str, outcomes: list[Outcome], at_most: int) -> Sheet:
        rng = np.random.default_rng([self._seed, *title.encode()])
        drawn = rng.permutation(len(outcomes))[:at_most]
        return Sheet(title, len(outcomes), tuple(self._cutout(outcomes[k]) for k in sorted(drawn)))

    def _cutout(self, outcome: Outcome) -> Cutout:
        index = self._rows.index(outcome.label, outcome.name)
        row: Mapping = self._rows.whole(index) if index is not None else {}
        label = self._class_of(outcome)
        votes = row.get("vote_fraction") if label == outcome.label else None  # of another class
        picture, lack = self._picture(outcome, row.get("source_file") or "")
        note = ": ".join(text for text in (outcome.reason, outcome.detail) if text)
        return Cutout(
            path=outcome.path,
            label=label,
            vote_fraction=votes,
            name=outcome.name,
            picture=picture,
            note=lack if outcome.status is Status.OK else note,
            objid=next((str(row[i]) for i in ("objID", "dr7objid") if row.get(i)), ""),
            split=self._records.split.get(outcome.path, (0, ""))[1],
            **{name: row.get(name) for name in _SHOWN},
        )

    def _picture(self, outcome: Outcome, source: str) -> tuple[bytes | None, str]:
        """A cutout's file, or why there is none to show; a rejected import lies where it lay."""
        with suppress(InputError, OSError):
            return self._tree.read(outcome.path), ""
        if outcome.status is not Status.OK and source:
            with suppress(OSError):
                return Path(source).read_bytes(), ""
        return None, "the file is gone"


def _drawn_each(classes: int) -> int:
    """Pictures of a class in the random draw: whole rows, if there is more than one."""
    most = _each(IN_ALL, classes, PER_CLASS)
    return most - most % A_ROW if most > A_ROW else most


def _each(in_all: int, classes: int, most: int) -> int:
    """Pictures of one class, fewer where there are many classes."""
    return max(FEWEST, min(most, in_all // max(1, classes)))
