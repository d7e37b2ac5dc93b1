"""The decisions of all reviewers as they come in, by picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.curation.decisions import one_way, standing

Pair = tuple[str, str]
"""Path and partner; a picture by itself has no partner."""


class Book:
    """Decisions by picture, kept up to date line by line.

    Pairs are in the order of their paths.
    """

    def __init__(self, decisions: Iterable[Decision] = ()):
        self._lines: dict[str, Decision] = {}
        self._stands: set[str] = set()
        self._about: dict[Pair, list[str]] = defaultdict(list)
        self._seen: set[tuple[str, str]] = set()
        self.add(decisions)

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, decisions: Iterable[Decision]) -> set[Pair]:
        """Take lines in the ledger's order; one that is there already changes nothing.

        Returns
        -------
        set of (str, str)
            What they are about: path and partner.
        """
        told, is_undone = set(), False
        for line in map(one_way, decisions):
            if line.uid in self._lines:
                continue
            self._lines[line.uid] = line
            told.add((line.path, line.partner))
            self._seen |= {(line.reviewer, line.path), (line.reviewer, line.partner)}
            if line.kind is DecisionKind.UNDO:
                is_undone = True
            else:
                self._about[line.path, line.partner].append(line.uid)
                self._stands.add(line.uid)
        if is_undone:
            self._stands = {line.uid for line in standing(self._lines.values())}
        return told

    @property
    def uids(self) -> list[str]:
        """Of all lines, in the ledger's order."""
        return list(self._lines)

    def get(self, uid: str) -> Decision | None:
        """A line by its uid, whether it stands or not."""
        return self._lines.get(uid)

    def stands(self, uid: str) -> bool:
        """Whether a line counts; one that undoes is no word itself."""
        return uid in self._stands

    def about(self, path: str, partner: str = "") -> list[Decision]:
        """The decisions on a picture, or a pair, that count; the oldest first."""
        uids = self._about.get((path, partner), [])
        return [self._lines[uid] for uid in uids if self.stands(uid)]

    def has_seen(self, reviewer: str, path: str) -> bool:
        """Whether somebody ever decided on a picture, or a pair with it: its label was shown."""
        return (reviewer, path) in self._seen

    def standing(self) -> list[Decision]:
        """All decisions that count, in the ledger's order."""
        return [line for uid, line in self._lines.items() if uid in self._stands]


def is_repeated(words: Iterable[Decision], reviewer: str) -> bool:
    """Whether somebody who looks once more has said something at the first look.

    Parameters
    ----------
    words : iterable of Decision
        All that count on what is looked at.
    reviewer : str

    Returns
    -------
    bool
        A look that was passed over, or of which nothing could be said, is none.
    """
    return any(
        w.reviewer == reviewer and not w.again and w.kind is not DecisionKind.UNSURE for w in words
    )
