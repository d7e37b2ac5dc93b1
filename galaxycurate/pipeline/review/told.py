"""What a page is told of a review: what it must know first, and each look; never what is hidden."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from itertools import islice
from pathlib import Path

from galaxycurate.pipeline.review.item import Scale, item_of, scale_of
from galaxycurate.pipeline.review.looks import key_of_line
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.pictures import Pictures
from galaxycurate.pipeline.review.progress import Progress
from galaxycurate.pipeline.review.queues import TITLES, Queue
from galaxycurate.pipeline.review.wanted import Wanted

REASONS = (
    "artefact", "satellite or asteroid trail", "bright star", "cut by the border",
    "not centred", "too faint or too small", "wrong picture", "no galaxy",
)  # fmt: skip
"""Reasons to reject that a key gives; any other can be typed."""

_LAST = 500
"""Decisions that a page can take back after it was loaded anew."""


class Told:
    """The answers to a page's questions, for JSON.

    Parameters
    ----------
    progress : Progress
    material : Material
    pictures : Pictures
    queue : Queue
    wanted : Wanted
    """

    def __init__(
        self, progress: Progress, material: Material, pictures: Pictures, queue: Queue,
        wanted: Wanted,
    ):  # fmt: skip
        self._progress, self._looks = progress, progress.looks
        self._material, self._pictures = material, pictures
        self._queue, self._wanted = queue, wanted

    def about(self, classes: list[str]) -> dict:
        """What a page must know before it shows anything."""
        looks, done = self._looks, self._progress.done
        first = next((key for key, _ in looks if key not in done), None)
        return {
            "queue": self._queue.name,
            "title": self._queue.title or TITLES.get(self._queue.name, ""),
            "dataset": Path(self._material.settings.dataset).name,
            "reviewer": self._progress.reviewer,
            "blind": self._wanted.blind,
            "simulated": self._material.is_simulated,
            "classes": classes,
            "reasons": list(REASONS),
            "total": len(looks),
            "pictures": looks.pictures,
            "left": self._progress.left,
            "decided": len(done),
            "first": len(looks) if first is None else looks.place(first),
            "history": self._history(),
        }

    def _history(self) -> list[list[str]]:
        """The reviewer's last decisions that count, what they are about, and of which queue."""
        mine = ([line.uid, key_of_line(line), line.queue] for line in self._progress.newest())
        shown = (one for one in mine if self._looks.has(one[1]))
        return list(islice(shown, _LAST))[::-1]

    def shown(self, key: str) -> dict:
        """One entry as a page shows it; what is hidden is not in it."""
        entry = self._looks.entry(key)
        mine = self._progress.mine(key, entry)
        item = item_of(entry, self._material, self._pictures)
        if self._progress.is_hidden(key, entry):
            item = item.blind(self._common_scale)
        is_one = not entry.partner
        return asdict(item) | {
            "key": key,
            "place": self._looks.place(key),
            "again": bool(mine and mine.again),
            "mine": mine
            and {n: getattr(mine, n) for n in ("uid", "kind", "label", "reason", "keep")},
            "others": self._progress.others(entry) if self._progress.is_told(mine) else [],
            "twins": self._looks.twins(entry.path) if is_one and not item.is_hidden else [],
        }

    @cached_property
    def _common_scale(self) -> Scale | None:
        """Scale and north where all pictures of the review have the same: these tell no class."""
        paths = {p for _, entry in self._looks for p in (entry.path, entry.partner) if p}
        scales = {scale_of(path, self._material) for path in paths}
        return scales.pop() if len(scales) == 1 else None
