"""What a person says, as lines of the ledger: each is checked against what was shown."""

from __future__ import annotations

from collections.abc import Collection

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.progress import Progress
from galaxycurate.pipeline.review.said import Said
from galaxycurate.pipeline.review.shown import check_shown
from galaxycurate.store.ledger import Ledger


class Taken:
    """Makes lines of what a page says.

    Parameters
    ----------
    progress : Progress
    material : Material
    ledger : Ledger
    queue : str
        The queue's name, which every line keeps.
    classes : collection of str
        What a picture may be called.
    """

    def __init__(
        self, progress: Progress, material: Material, ledger: Ledger, queue: str,
        classes: Collection[str],
    ):  # fmt: skip
        self._progress, self._material, self._ledger = progress, material, ledger
        self._queue, self._classes = queue, classes

    def line(self, said: Said) -> Decision:
        """The line that something said comes to; the one of before where its uid is known.

        Raises
        ------
        UsageError
            It is not on the pictures that there are, of no class, or not this person's to undo.
        """
        if (known := self._progress.book.get(said.uid)) is not None:
            return known
        if said.kind is DecisionKind.UNDO:
            return self._undoing(said.uid, said.undoes)
        entry = self._progress.looks.entry(said.key)
        if said.kind is DecisionKind.LABEL and said.label not in self._classes:
            raise UsageError(f"no class is called {said.label!r}")
        sha256, partner_sha256 = check_shown(entry, said, self._material, self._ledger)
        is_pair, of_pair = bool(entry.partner), said.kind is DecisionKind.PAIR
        if is_pair != of_pair and said.kind is not DecisionKind.UNSURE:
            raise UsageError("a pair is decided on by what to keep, a picture by what it shows")
        return Decision(
            uid=said.uid, path=entry.path, kind=said.kind, partner=entry.partner,
            label=said.label, reason=said.reason, keep=said.keep,
            reviewer=self._progress.reviewer, queue=self._queue, sha256=sha256,
            partner_sha256=partner_sha256,
            blind=int(self._progress.is_blind(said.key, entry)),
            again=int(self._progress.is_again(said.key, entry)), took_ms=said.took_ms,
        )  # fmt: skip

    def _undoing(self, uid: str, undoes: str) -> Decision:
        """A line that takes one back; one of another person's is not to be undone."""
        old = self._progress.book.get(undoes)
        if old is None or old.reviewer != self._progress.reviewer:
            raise UsageError("there is no such decision of yours to undo")
        return Decision(
            uid=uid, path=old.path, kind=DecisionKind.UNDO, partner=old.partner, undoes=undoes,
            reviewer=old.reviewer, queue=self._queue, sha256=old.sha256,
            partner_sha256=old.partner_sha256, again=old.again,
        )  # fmt: skip
