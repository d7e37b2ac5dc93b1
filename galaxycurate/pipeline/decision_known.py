"""What the lines of a file of decisions may speak of: pictures, classes, earlier lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from galaxycurate.core.decision import Decision
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.curation.decisions import is_current
from galaxycurate.pipeline.review.book import Book, Pair, is_repeated
from galaxycurate.pipeline.review.looks import key_of
from galaxycurate.store.images import check_word


@dataclass
class Known:
    """What a line may speak of: pictures, classes, earlier lines; and the dataset they are of."""

    outcomes: Mapping[str, Outcome]
    said: Iterable[Decision]
    new_classes: tuple[str, ...] = ()
    dataset: str = ""

    def __post_init__(self):
        self.lines = {one.uid: one for one in self.said}
        added = [check_word(name, what="class") for name in self.new_classes]
        kept = (one.label for one in self.outcomes.values() if one.status is Status.OK)
        given = (one.label for one in self.lines.values() if one.label)
        self.classes = sorted({*kept, *given, *added})

    def named(self, key: str, sha256: str, partner_sha256: str) -> Pair | None:
        """The picture, or the pair, that a page called by a key; None where there is none.

        Parameters
        ----------
        key : str
            As `galaxycurate.pipeline.review.looks.key_of` makes it.
        sha256, partner_sha256 : str
            Of the pictures that were shown; the second is empty where there was one.

        Returns
        -------
        (str, str) or None
            Path and partner.
        """
        if not partner_sha256:
            path = self._paths.get(key)
            return (path, "") if path else None
        firsts, seconds = self._of_bytes.get(sha256), self._of_bytes.get(partner_sha256)
        if not (firsts or seconds):  # both came anew since: what was said of them says nothing
            return None
        for path in firsts or self.outcomes:
            for partner in seconds or self.outcomes:
                if key in _looks(path, partner):
                    return path, partner
        return None

    def is_second_look(self, line: Decision, key: str, told: Iterable[Decision]) -> bool:
        """Whether a page asked once more, and what was said the first time counts.

        Parameters
        ----------
        line : Decision
        key : str
            What the page called the picture.
        told : iterable of Decision
            What the file says before.

        Returns
        -------
        bool
        """
        about = (line.path, line.partner)
        if key != _looks(*about)[1]:
            return False
        sha256 = {line.path: line.sha256, line.partner: line.partner_sha256}
        before = (one for one in told if one.uid != line.uid)  # a line may stand there twice
        words = Book([*self.lines.values(), *before]).about(*about)
        return is_repeated((w for w in words if is_current(w, sha256)), line.reviewer)

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {key: path for path in self.outcomes for key in _looks(path, "")}

    @cached_property
    def _of_bytes(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for path, one in self.outcomes.items():
            found[one.sha256].append(path)
        return found


def _looks(path: str, partner: str) -> tuple[str, str]:
    """The keys of the first look, and of the second one."""
    return key_of(path, partner), key_of(path, partner, again=True)
