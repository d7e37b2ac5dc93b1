"""The engine's sink: images to the tree, outcomes to the ledger, figures to the caller."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.progress import Progress
from galaxycurate.imagery.cost import BYTES_PER_PIXEL
from galaxycurate.imagery.job import Job, LaneState, Settled
from galaxycurate.pipeline.download.keeper import Keeper
from galaxycurate.pipeline.download.notices import Notice, Notices, unheard
from galaxycurate.pipeline.download.summary import DownloadSummary
from galaxycurate.pipeline.download.talk import Speed, counted, duration, paces_of
from galaxycurate.pipeline.download.wanted import Mark, Wanted
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.shards.tree import Tree

BATCH_ROWS, BATCH_S = 256, 0.25
"""Outcomes are committed in batches: a killed process repeats at most one of them."""


@dataclass(frozen=True)
class Store:
    """Where a run writes: the tree, the ledger and the run's number there; ``rejects`` is where the
    bytes of what was no picture go, None where nobody wants them.
    """

    tree: Tree
    ledger: Ledger
    run: int
    rejects: ImageTree | None = None


class Book:
    """Takes note of everything that a download does.

    Parameters
    ----------
    wanted : Wanted
    store : Store
    progress : callable
        Called with (done, total, text).
    notice : callable, optional
        Called with a line of text that should be heard at once.
    """

    def __init__(self, wanted: Wanted, store: Store, progress: Progress, notice: Notice = unheard):
        self._wanted, self._store, self._progress = wanted, store, progress
        self._keeper = Keeper(store.tree, store.rejects, wanted.manifests)
        self._pending: list[Outcome] = []
        self._started = self._flushed = time.monotonic()
        self._to_do, self._n_settled, self._bytes = wanted.to_do, 0, 0
        self._kept_by_label: Counter[str] = Counter(wanted.kept_by_label)
        self._kept_by_provider: Counter[str] = Counter()
        self._ends: dict[Status, Counter[str]] = {status: Counter() for status in Status}
        self._replaced: Counter[str] = Counter()
        self._speed, self._notices = Speed(), Notices(notice)
        self.lanes: Sequence[LaneState] = ()

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """Keep what was no picture where the user wants to see it."""
        self._keeper.reject(job, body, reason)

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """The file gets its name before its outcome is committed: a kill between the two leaves a
        whole file that the next run fetches again.
        """
        self._keeper.keep(job, body, origin)

    def settle(self, result: Settled) -> None:
        """Make a ledger line of a result."""
        origin = result.origin
        # a failure is no word on the sky, and who failed may be a gateway without a name
        if result.http and (result.status is not Status.FAILED or is_simulated(origin)):
            self._keeper.meet(origin)
        job, is_kept = result.job, result.status is Status.OK
        self._kept_by_provider[result.provider] += is_kept
        self.note(Outcome(
            path=job.path, name=job.name, label=job.label, request=result.request,
            status=result.status, reason=str(result.reason or ""), detail=result.detail,
            sha256=result.sha256, n_bytes=result.n_bytes, url=result.url, provider=origin,
            http=result.http, etag=result.etag, attempts=result.attempts, manifest=job.manifest,
            pixscale=job.pixscale, size_px=job.size_px, took_ms=round(1000 * result.took_s),
        ))  # fmt: skip

    def note(self, outcome: Outcome) -> None:
        """Count an outcome; it is committed with the next batch.

        A good picture stands until another one takes its place: what was rejected or failed now was
        another picture of that cutout.
        """
        is_kept, older = outcome.status is Status.OK, self._wanted.older.of(outcome.path)
        if is_kept and older:
            self._replace(*older, outcome)
        elif older:
            outcome = replace(outcome, stands=1)
        elif outcome.status is Status.REJECTED:
            self._store.tree.set_aside(outcome.path)
        self._ends[outcome.status][outcome.reason] += 1
        self._n_settled += 1
        self._bytes += outcome.n_bytes
        self._kept_by_label[outcome.label] += is_kept and not older
        self._add(outcome)

    def beat(self, lanes: Sequence[LaneState] = ()) -> None:
        """Commit what has waited long enough, and tell how far we are."""
        self.lanes = lanes or self.lanes
        self._notices.look(lanes)
        if time.monotonic() - self._flushed > BATCH_S:
            self.flush()
        self.report()

    def flush(self) -> None:
        """Commit what is pending."""
        pending, self._pending = self._pending, []
        self._store.ledger.add_outcomes(self._store.run, pending)
        self._flushed = time.monotonic()

    def report(self) -> None:
        """Tell the caller how far we are."""
        self._progress(self._n_settled, self._to_do, self._talk())

    def summary(self) -> DownloadSummary:
        """All figures so far."""
        told = facts(self._wanted)
        return DownloadSummary(
            **{**told, "labels": {k: n for k, n in sorted(self._kept_by_label.items()) if n}},
            kept=self._ends[Status.OK].total(),
            rejected=dict(self._ends[Status.REJECTED].most_common()),
            failed=dict(self._ends[Status.FAILED].most_common()),
            left=told["rows"] - told["done_before"] - self._n_settled,
            replaced=dict(self._replaced.most_common()),
            bytes=self._bytes,
            seconds=round(time.monotonic() - self._started, 3),
            origin="; ".join(self._keeper.origins),
            providers={name: n for name, n in self._kept_by_provider.most_common() if n},
            paces=paces_of(self.lanes),
        )

    def _add(self, outcome: Outcome) -> None:
        self._pending.append(outcome)
        if len(self._pending) >= BATCH_ROWS:
            self.flush()

    def _replace(self, older: str, kind: str, outcome: Outcome) -> None:
        self._replaced[kind] += 1
        if older != outcome.path:
            self._store.tree.set_aside(older)
            self._add(Outcome(
                path=older, name=outcome.name, label=outcome.label, status=Status.REJECTED,
                request=f"replaced by {outcome.request}", reason=str(Reason.REPLACED),
                detail=outcome.path, attempts=0, manifest=outcome.manifest,
            ))  # fmt: skip

    def _talk(self) -> str:
        parts = counted(self._ends)
        if self._n_settled:
            rate = self._speed.at(self._n_settled)
            parts.append(f"{rate:.1f}/s")
            if rate and self._n_settled < self._to_do:
                parts.append(f"{duration((self._to_do - self._n_settled) / rate)} left")
            parts.append(f"{self._bytes / 1e6:.1f} MB")
        paces = "; ".join(f"{name} {pace}" for name, pace in paces_of(self.lanes).items())
        return ", ".join(parts) + (f"; {paces}" if paces else "")


def facts(wanted: Wanted) -> dict:
    """What is known before anything is asked."""
    return {
        "rows": wanted.n_cutouts,
        "done_before": wanted.count(Mark.KEPT, Mark.REJECTED),
        "rejected_before": wanted.count(Mark.REJECTED),
        "listed": len(wanted.marks),
        "imported": wanted.count(Mark.IMPORTED),
        "twins": wanted.count(Mark.TWIN),
        "never_tried": wanted.count(Mark.LEFT),
        "labels": {label: n for label, n in sorted(wanted.kept_by_label.items()) if n},
        "estimated_bytes": round(BYTES_PER_PIXEL * wanted.n_pixels),
        "warnings": tuple(wanted.warnings),
    }
