"""verify: every image against the sha256 that the ledger holds."""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError, SomeFailed
from galaxycurate.store.images import alone_with
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import Tree, open_tree

THREADS = 4
BATCH = 64
"""Images that a thread looks at before it comes back."""

NAMED = 20
"""Paths of each kind that a result names."""


@dataclass(frozen=True)
class Verified:
    """What was found: images that are whole, and paths that are not, of which some are named.

    ``n_missing`` are in the ledger and not on the disk, ``n_changed`` have other bytes than were
    kept; the ledger has both as failed now, so that the next download fetches them.
    ``n_strangers`` are files among the images that no line of the ledger accounts for.
    """

    images: int
    bytes: int
    n_missing: int
    n_changed: int
    n_strangers: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)

    def problem(self) -> SomeFailed | None:
        """The error to end with when something is not as the ledger says."""
        counts = {"missing": self.n_missing, "changed": self.n_changed,
                  "not in the ledger": self.n_strangers}  # fmt: skip
        said = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)
        if not said:
            return None
        again = "galaxycurate download fetches the lost ones again; a repeated import takes its own"
        look = "remove or move the files that are not in the ledger"
        hint = again if self.n_missing + self.n_changed else look
        return SomeFailed(f"the images are not as the ledger says: {said}", hint=hint)


def verify(settings: Settings, *, progress: Progress = silent) -> Verified:
    """Read every image that the ledger holds to be good, and look for others.

    Parameters
    ----------
    settings : Settings
    progress : callable, optional
        Called with (done, total, text).

    Returns
    -------
    Verified

    Raises
    ------
    InputError
        There is no ledger yet.
    StorageError
        A download into this dataset is under way: what it replaces would look changed.
    """
    with (
        alone_with(Path(settings.dataset)),
        Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger,
    ):
        tree = open_tree(Path(settings.dataset))
        look = _Look(tree, progress, total=ledger.count(Status.OK))
        look.at(ledger.outcomes(Status.OK))
        if look.lost:
            ledger.add_outcomes(ledger.start("verify", {}), look.lost)
        look.again(ledger.outcomes(Status.FAILED))
    return look.result()


class _Look:
    def __init__(self, tree: Tree, progress: Progress, *, total: int):
        self._tree, self._progress, self._total = tree, progress, total
        self._known = array("q")
        self._images = self._bytes = self._done = 0
        self.lost: list[Outcome] = []

    def at(self, outcomes: Iterator[Outcome]) -> None:
        """Compare images with their lines, a bounded number at once."""
        waiting: deque[Future[list[Outcome]]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            while batch := list(islice(outcomes, BATCH)):
                waiting.append(pool.submit(self._lost_of, batch))
                self._known.extend(hash(outcome.path) for outcome in batch)
                if len(waiting) > 2 * THREADS:
                    self._take(waiting.popleft().result())
            while waiting:
                self._take(waiting.popleft().result())

    def again(self, outcomes: Iterator[Outcome]) -> None:
        """What an earlier check noted, and nobody has fetched since, is no better now; a file of
        which the newest line says that it failed is not what was kept.
        """
        known = {outcome.path for outcome in self.lost}
        for outcome in outcomes:
            if outcome.path in known:
                continue
            if self._tree.size(outcome.path) is not None:
                self._known.append(hash(outcome.path))
                self.lost.append(replace(outcome, reason=str(Reason.CHANGED)))
            elif outcome.reason in (Reason.CHANGED, Reason.NO_FILE) and not outcome.attempts:
                self.lost.append(replace(outcome, reason=str(Reason.NO_FILE)))

    def result(self) -> Verified:
        """All that was found."""
        missing = [o.path for o in self.lost if o.reason == Reason.NO_FILE]
        changed = [o.path for o in self.lost if o.reason == Reason.CHANGED]
        n_strangers, strangers = self._strangers()
        return Verified(
            self._images, self._bytes, len(missing), len(changed), n_strangers,
            tuple(missing[:NAMED]), tuple(changed[:NAMED]), tuple(strangers),
        )  # fmt: skip

    def _lost_of(self, batch: Iterable[Outcome]) -> list[Outcome]:
        """The lines to append for those that are not as they were; the others as they are."""
        return [self._checked(outcome) for outcome in batch]

    def _checked(self, outcome: Outcome) -> Outcome:
        try:
            body = self._tree.read(outcome.path)
        except (InputError, OSError) as error:
            return _lost(outcome, Reason.NO_FILE, str(error))
        found = hashlib.sha256(body).hexdigest()
        if found != outcome.sha256:
            return _lost(outcome, Reason.CHANGED, f"{len(body):,} bytes, sha256 {found}")
        return outcome

    def _take(self, checked: list[Outcome]) -> None:
        for outcome in checked:
            if outcome.status is Status.OK:
                self._images += 1
                self._bytes += outcome.n_bytes
            else:
                self.lost.append(outcome)
        self._done += len(checked)
        said = f"{self._bytes / 1e6:,.1f} MB, {len(self.lost):,} not as they were"
        self._progress(self._done, self._total, said)

    def _strangers(self) -> tuple[int, list[str]]:
        known, count = np.sort(np.array(self._known, np.int64)), 0
        named: list[str] = []
        for path in self._tree.paths():
            place = int(np.searchsorted(known, hash(path)))
            if place == len(known) or known[place] != hash(path):
                count += 1
                named += [path] if len(named) < NAMED else []
        return count, sorted(named)


def _lost(outcome: Outcome, reason: Reason, detail: str) -> Outcome:
    """The line that makes the next download, or a repeated import, take it again."""
    return replace(outcome, status=Status.FAILED, reason=str(reason), detail=detail, sha256="",
                   n_bytes=0, attempts=0)  # fmt: skip
