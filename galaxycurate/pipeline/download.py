"""download: bring each cutout of the manifests into the tree, and say what became of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

from galaxycurate.core.origin import is_loopback, is_simulated
from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError, SomeFailed, Unreachable, UsageError
from galaxycurate.imagery.engine import fetch
from galaxycurate.imagery.job import Job, LaneState, Limits, Settled
from galaxycurate.imagery.providers.known import providers
from galaxycurate.pipeline.wanted import Mark, Wanted, gather
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest, read_all
from galaxycurate.store.settings import Settings

BYTES_PER_PIXEL = 20_000 / 256**2
"""Of a typical ImgCutout JPEG (quality 75)."""

BATCH_ROWS, BATCH_S = 256, 0.25
"""Outcomes are committed in batches: a killed process repeats at most one of them."""


@dataclass(frozen=True)
class DownloadSummary:
    """What a download did: rows = done_before + kept + rejected + failed + left.

    Parameters
    ----------
    rows : int
        Different cutouts wanted of the server.
    done_before : int
        Settled by an earlier run; ``rejected_before`` of them rejected, the others kept.
    kept : int
    rejected, failed : mapping of str to int
        By reason.
    left : int
        Not tried: interrupted, not in the scope of ``retry_failed``, or a dry run.
    imported : int
        Rows of imported manifests, whose files are in the tree already.
    bytes : int
        Of the pictures kept now.
    seconds : float
    origin : str
        Who drew the pixels, as the server names itself.
    labels : mapping of str to int
        Pictures in the tree by label, of these manifests.
    estimated_bytes : int
        Of what was to be fetched.
    urls : sequence of str
        The first addresses, in a dry run.
    """

    rows: int
    done_before: int
    rejected_before: int = 0
    kept: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    left: int = 0
    imported: int = 0
    bytes: int = 0
    seconds: float = 0.0
    origin: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)
    estimated_bytes: int = 0
    urls: Sequence[str] = ()

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)

    def problem(self) -> SomeFailed | None:
        """The error to end with when some cutouts failed."""
        if not self.failed:
            return None
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.failed.items())
        return SomeFailed(
            f"{sum(self.failed.values()):,} of {self.rows:,} cutouts failed ({reasons})",
            hint="galaxycurate download --retry-failed",
        )


def download(
    settings: Settings,
    manifests: Sequence[Path] = (),
    *,
    retry_failed: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> DownloadSummary:
    """Fetch what is missing; a repetition goes on where the last run ended.

    Parameters
    ----------
    settings : Settings
    manifests : sequence of Path
        Empty: all in the folder of the settings.
    retry_failed : bool
        Only those whose last attempt failed; otherwise these and all that were never tried.
    dry_run : bool
        Count, and touch nothing.
    progress : callable, optional
        Called with (done, total, text), at most about ten times a second.
    limits : Limits, optional
        Rate, connections, retries and time-outs; rate and connections from the settings.

    Returns
    -------
    DownloadSummary

    Raises
    ------
    InputError, UsageError
        No manifest, or two that want different cutouts under one name.
    Unreachable
        The server does not answer, or answers everything in the same wrong way.
    StorageError
        The disk does not take the images or the ledger.
    KeyboardInterrupt
        Ctrl-C; all that was settled is in the ledger. Its argument is the DownloadSummary.
    """
    read = read_all(manifests, folder=Path(settings.manifests))
    asked = providers(["skyserver"], server=settings.server, release=settings.release)
    tree = ImageTree(Path(settings.dataset))
    with _ledger_if_any(settings) or nullcontext() as ledger:
        wanted = gather(read, asked, tree, ledger=ledger, only_failed=retry_failed)
    if dry_run:
        urls = tuple(wanted.providers[0].url(job) for job in islice(wanted.jobs(), 3))
        return DownloadSummary(**_facts(wanted), left=_to_do(wanted), urls=urls)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
        tree.clean()
        run = ledger.start("download", _parameters(settings, read, retry_failed))
        limits = limits or Limits(rate=settings.rate, concurrency=settings.concurrency)
        return _run(wanted, limits, _Book(wanted, ledger, run, progress))


def _run(wanted: Wanted, limits: Limits, book: _Book) -> DownloadSummary:
    try:
        for outcome in wanted.unplaced():
            book.note(outcome)
        fetch(wanted.jobs(), wanted.providers, book, limits)
    except KeyboardInterrupt:
        book.flush()
        raise KeyboardInterrupt(book.summary()) from None
    except Unreachable as error:
        error.hint = _where_to_look(wanted.providers[0].server)
        raise
    finally:
        book.flush()
        book.report()
    return book.summary()


class _Book:
    """The engine's sink: images to the tree, outcomes to the ledger, figures to the caller."""

    def __init__(self, wanted: Wanted, ledger: Ledger, run: int, progress: Progress):
        self._wanted, self._ledger, self._run, self._progress = wanted, ledger, run, progress
        self._pending: list[Outcome] = []
        self._started = self._flushed = time.monotonic()
        self._to_do = _to_do(wanted)
        self._kept_by_label: Counter[str] = Counter(wanted.kept_by_label)
        self._ends: dict[Status, Counter[str]] = {status: Counter() for status in Status}
        self._bytes = 0
        self._origins: dict[str, None] = {}  # a set that keeps its order

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """Nothing is kept of what is no picture."""

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """The file gets its name before its outcome is committed: a kill between the two leaves a
        whole file that the next run fetches again.
        """
        self._meet(origin)
        self._wanted.tree.write(job.path, body)

    def settle(self, result: Settled) -> None:
        """Make a ledger line of a result."""
        origin = result.origin
        # a failure is no word on the sky, and who failed may be a gateway without a name
        if result.http and (result.status is not Status.FAILED or is_simulated(origin)):
            self._meet(origin)
        job = result.job
        self.note(Outcome(
            path=job.path, name=job.name, label=job.label, request=result.request,
            status=result.status, reason=str(result.reason or ""), detail=result.detail,
            sha256=result.sha256, n_bytes=result.n_bytes, url=result.url, provider=origin,
            http=result.http, etag=result.etag, attempts=result.attempts, manifest=job.manifest,
        ))  # fmt: skip

    def note(self, outcome: Outcome) -> None:
        """Count an outcome; it is committed with the next batch.

        A rejected cutout leaves no older picture behind in its place.
        """
        if outcome.status is Status.REJECTED:
            self._wanted.tree.set_aside(outcome.path)
        self._ends[outcome.status][outcome.reason] += 1
        self._bytes += outcome.n_bytes
        self._kept_by_label[outcome.label] += outcome.status is Status.OK
        self._pending.append(outcome)
        if len(self._pending) >= BATCH_ROWS:
            self.flush()

    def beat(self, lanes: Sequence[LaneState] = ()) -> None:
        """Commit what has waited long enough, and tell how far we are."""
        if time.monotonic() - self._flushed > BATCH_S:
            self.flush()
        self.report()

    def flush(self) -> None:
        """Commit what is pending."""
        pending, self._pending = self._pending, []
        self._ledger.add_outcomes(self._run, pending)
        self._flushed = time.monotonic()

    def report(self) -> None:
        """Tell the caller how far we are."""
        settled, elapsed = self._settled(), time.monotonic() - self._started
        self._progress(settled, self._to_do, self._talk(settled, elapsed))

    def summary(self) -> DownloadSummary:
        """All figures so far."""
        facts = _facts(self._wanted)
        return DownloadSummary(
            **{**facts, "labels": {k: n for k, n in sorted(self._kept_by_label.items()) if n}},
            kept=self._ends[Status.OK].total(),
            rejected=dict(self._ends[Status.REJECTED].most_common()),
            failed=dict(self._ends[Status.FAILED].most_common()),
            left=facts["rows"] - facts["done_before"] - self._settled(),
            bytes=self._bytes,
            seconds=round(time.monotonic() - self._started, 3),
            origin="; ".join(self._origins),
        )

    def _meet(self, origin: str) -> None:
        """Who answers must draw the sky that was asked for."""
        if origin not in self._origins:
            check_one_sky(self._wanted.manifests, origin)
            self._origins[origin] = None

    def _settled(self) -> int:
        return sum(counter.total() for counter in self._ends.values())

    def _talk(self, settled: int, elapsed: float) -> str:
        counts = {status: counter.total() for status, counter in self._ends.items()}
        parts = [f"{counts[Status.OK]:,} kept"]
        parts += [f"{n:,} {status}" for status, n in counts.items() if n and status != Status.OK]
        if settled:
            rate = settled / max(elapsed, 1e-3)
            parts.append(f"{rate:.1f}/s")
            if settled < self._to_do:
                parts.append(f"{(self._to_do - settled) / rate:.0f} s left")
        return ", ".join(parts)


def check_one_sky(manifests: Iterable[Manifest], origin: str) -> None:
    """Refuse to fill manifests of the real sky with simulated pixels, or the other way round.

    Rows of an archive that does not call itself simulated are of the real sky; those of a user's
    own file or folder are not known and pass.

    Parameters
    ----------
    manifests : iterable of Manifest
    origin : str
        Who drew the pixels, as the server names itself.

    Raises
    ------
    UsageError
        A manifest came from the other sky.
    """
    skies = ("real", "simulated")
    drawn = is_simulated(origin)
    for manifest in manifests:
        asked = manifest.header.archive
        if asked.startswith(("http", "local:")) and is_simulated(asked) != drawn:
            raise UsageError(
                f"{manifest.path} lists a {skies[not drawn]} sky, but {origin} draws a "
                f"{skies[drawn]} one: the two must not be mixed",
                hint="galaxycurate config show tells the server; "
                "keep each sky in a folder of its own",
            )


def _facts(wanted: Wanted) -> dict:
    """What is known before anything is asked."""
    return {
        "rows": wanted.n_cutouts,
        "done_before": wanted.count(Mark.KEPT, Mark.REJECTED),
        "rejected_before": wanted.count(Mark.REJECTED),
        "imported": wanted.count(Mark.IMPORTED),
        "labels": {label: n for label, n in sorted(wanted.kept_by_label.items()) if n},
        "estimated_bytes": round(BYTES_PER_PIXEL * wanted.n_pixels),
    }


def _to_do(wanted: Wanted) -> int:
    return wanted.count(Mark.FETCH, Mark.UNPLACED)


def _ledger_if_any(settings: Settings) -> Ledger | None:
    try:
        return Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return None


def _parameters(settings: Settings, read: list[Manifest], retry_failed: bool) -> dict:
    return {
        "server": settings.server,
        "release": settings.release,
        "rate": settings.rate,
        "concurrency": settings.concurrency,
        "retry_failed": retry_failed,
        "manifests": {str(manifest.path): manifest.sha256 for manifest in read},
    }


def _where_to_look(server: str) -> str:
    kept = "what came is kept; the same command goes on from there"
    if is_loopback(server):
        return f"start it: galaxycurate sandbox serve; {kept}"
    return f"galaxycurate config show tells the server; {kept}"
