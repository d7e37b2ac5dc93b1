"""The decisions of all reviewers as they come in, by picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.curation.decisions import one_way

Pair = tuple[str, str]
"""Path and partner; a picture by itself has no partner."""


class Book:
    """Decisions by picture, kept up to date line by line.

    It says the same as `galaxycurate.curation.decisions.standing` does of all lines together; pairs
    are in the order of their paths.
    """

    def __init__(self, decisions: Iterable[Decision] = ()):
        self._lines: dict[str, Decision] = {}
        self._undoers: dict[str, list[str]] = defaultdict(list)
        self._about: dict[Pair, list[str]] = defaultdict(list)
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
        told = set()
        for line in map(one_way, decisions):
            if line.uid in self._lines:
                continue
            self._lines[line.uid] = line
            if line.kind is DecisionKind.UNDO:
                self._undoers[line.undoes].append(line.uid)
            else:
                self._about[line.path, line.partner].append(line.uid)
            told.add((line.path, line.partner))
        return told

    def get(self, uid: str) -> Decision | None:
        """A line by its uid, whether it stands or not."""
        return self._lines.get(uid)

    def stands(self, uid: str) -> bool:
        """Whether a line counts: it is there, and no line that counts undoes it."""
        waiting = [uid]
        fate: dict[str, bool] = {}
        while waiting:  # an undo of an undo of an undo ... is no reason to recurse
            last = waiting[-1]
            undoers = self._undoers.get(last, [])
            unknown = [one for one in undoers if one not in fate]
            if unknown:
                waiting += unknown
                continue
            fate[last] = not any(fate[one] for one in undoers)
            waiting.pop()
        return uid in self._lines and fate[uid]

    def about(self, path: str, partner: str = "") -> list[Decision]:
        """The decisions on a picture, or a pair, that count; the oldest first."""
        uids = self._about.get((path, partner), [])
        return [self._lines[uid] for uid in uids if self.stands(uid)]

    def has_seen(self, reviewer: str, path: str, partner: str = "") -> bool:
        """Whether somebody ever decided on it, and so was shown its label."""
        uids = self._about.get((path, partner), [])
        return any(self._lines[uid].reviewer == reviewer for uid in uids)

    def standing(self) -> list[Decision]:
        """All decisions that count, in the ledger's order."""
        return [
            line
            for uid, line in self._lines.items()
            if line.kind is not DecisionKind.UNDO and self.stands(uid)
        ]
