"""download: bring each cutout of the manifests into the tree, and say what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from galaxycurate.core.origin import is_loopback
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import (
    GalaxyCurateError,
    InputError,
    SettingError,
    StorageError,
    Unreachable,
    first_line,
)
from galaxycurate.imagery.cost import cost
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, LaneState, Limits
from galaxycurate.imagery.pace.pace import Learned, Pace
from galaxycurate.imagery.providers.known import providers, that_give
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.download.asking import Asking
from galaxycurate.pipeline.download.book import Book, Store, facts
from galaxycurate.pipeline.download.framing import AS_LISTED, Framing
from galaxycurate.pipeline.download.keeper import Keeper
from galaxycurate.pipeline.download.notices import Notice, unheard
from galaxycurate.pipeline.download.planning import gather
from galaxycurate.pipeline.download.sheaves import fields_wanted, jobs_by_field
from galaxycurate.pipeline.download.summary import DownloadSummary, StoppedEarly
from galaxycurate.pipeline.download.wanted import Mark, Wanted
from galaxycurate.store.hosts import Hosts
from galaxycurate.store.images import ImageTree, alone_with
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifestfile import open_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree


def download(
    settings: Settings,
    manifests: Sequence[Path] = (),
    *,
    framing: Framing = AS_LISTED,
    retry_failed: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
    limits: Limits | None = None,
    notice: Notice = unheard,
) -> DownloadSummary:
    """Fetch what is missing; a repetition goes on where the last run ended.

    Parameters
    ----------
    settings : Settings
        Among them the providers and their order, the format and the layout.
    manifests : sequence of Path
        Empty: all in the folder of the settings.
    framing : Framing
        Another scale or size than the manifests say.
    retry_failed : bool
        Only those whose last attempt failed; otherwise these and all that were never tried.
    dry_run : bool
        Count, and touch nothing.
    progress : callable, optional
        Called with (done, total, text), at most about ten times a second.
    limits : Limits, optional
        Rate, connections, retries and time-outs; rate and connections from the settings.
    notice : callable, optional
        Called with a line of text when a provider pauses, goes on or is given up, and when pictures
        that stand will give way.

    Returns
    -------
    DownloadSummary

    Raises
    ------
    InputError, UsageError
        No manifest, or two that want different cutouts under one name; negatives asked for wider
        than they were proved empty.
    StoppedEarly
        Nobody answers, or everybody answers everything in the same wrong way.
    StorageError
        Another download into this dataset is under way; the disk does not take the images or the
        ledger.
    KeyboardInterrupt
        Ctrl-C; all that was settled is in the ledger. Its argument is the DownloadSummary.
    """
    asked = asked_by(settings)
    _check_dask(settings.dask)
    asking = Asking(open_tree(Path(settings.dataset), settings.layout), settings.format, framing)
    folder = Path(settings.manifests)

    def plan() -> Wanted:
        read = open_all(manifests, folder=folder)
        with _ledger_if_any(settings) or nullcontext() as ledger:
            return gather(read, asked, asking, ledger=ledger, only_failed=retry_failed)

    if dry_run:
        return _outlook(plan())
    with alone_with(Path(settings.dataset)):
        wanted = plan()
        limits = limits or Limits(
            rate=settings.rate if settings.said("rate") else None, concurrency=settings.concurrency
        )
        with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
            run = _Run(settings, wanted, limits)
            return run.into(ledger, retry_failed, progress, notice)


def asked_by(settings: Settings) -> list[Provider]:
    """The providers of the settings that give its format, in the order in which they are asked.

    Raises
    ------
    SettingError
        None of them does; an unknown name.
    """
    names = [name.strip() for name in settings.provider.split(",") if name.strip()]
    known = providers(
        names, server=settings.server, release=settings.release, hips2fits=settings.hips2fits,
        legacy=settings.legacy, sas=settings.sas,
    )  # fmt: skip
    able = [provider for provider in known if settings.format in provider.formats]
    if not able:
        raise SettingError(
            f"{' and '.join(names)} cannot give {settings.format}",
            hint="--provider frames gives every format; or choose another --format",
        )
    return able


def _check_dask(address: str) -> None:
    if address and address != "local" and "://" not in address:
        raise SettingError(
            f"dask = {address!r} is no address", hint="--dask tcp://HOST:8786, or --dask local"
        )


class _Run:
    """One download: what is wanted, of whom, how politely."""

    def __init__(self, settings: Settings, wanted: Wanted, limits: Limits):
        self._settings, self._wanted, self._limits = settings, wanted, limits
        self._hosts = Hosts(settings)

    def into(
        self, ledger: Ledger, retry_failed: bool, progress: Progress, notice: Notice
    ) -> DownloadSummary:
        """Fetch, and note every outcome."""
        tree = self._wanted.asking.tree
        tree.clean()
        run = ledger.start("download", self._parameters(retry_failed))
        rejects = ImageTree(tree.root) if self._settings.keep_rejects else None
        book = Book(self._wanted, Store(tree, ledger, run, rejects), progress, notice)
        for kind, n in self._wanted.replaced().items():
            notice(f"{n:,} pictures of {kind} give way when others are there")
        try:
            return self._fetch(book)
        finally:
            for lane in book.lanes:
                if lane.rate_found or lane.window_found:
                    self._hosts.remember(lane.provider, lane.server, rate=lane.rate_found,
                                         window=lane.window_found)  # fmt: skip
            tree.finish()
            if rejects:
                rejects.finish()

    def _fetch(self, book: Book) -> DownloadSummary:
        try:
            for outcome in self._wanted.unplaced():
                book.note(outcome)
            if self._wanted.count(Mark.FETCH):
                self._ask(book)
        except KeyboardInterrupt:
            book.flush()
            raise KeyboardInterrupt(book.summary()) from None
        except Unreachable as error:
            book.flush()
            hint = error.hint or _where_to_look(book.lanes, str(error))
            raise StoppedEarly(str(error), hint=hint, summary=book.summary()) from error
        except StorageError as error:
            with suppress(StorageError):
                book.flush()
            error.summary = book.summary()
            raise
        finally:
            book.flush()
            book.report()
        return book.summary()

    def _ask(self, book: Book) -> None:
        providers, paces = self._wanted.providers, self._paces()
        if not self._settings.dask:
            started = {name: pace() for name, pace in paces.items()}
            fetch(self._jobs(), providers, book, self._limits, paces=started)
            return
        from galaxycurate.pipeline.cluster.cluster import fetch_on_cluster

        root = Path(self._settings.dataset).resolve()  # workers may stand in another folder
        rejects = ImageTree(root) if self._settings.keep_rejects else None
        tree = open_tree(root, self._settings.layout)
        keeper = Keeper(tree, rejects, self._wanted.manifests)
        fetch_on_cluster(
            self._settings.dask, self._jobs(), providers, book, self._limits,
            keeper=keeper, paces=paces, root=root,
        )  # fmt: skip

    def _jobs(self) -> Iterator[Job]:
        """Field by field where that is kinder to one of the providers."""
        if not any(provider.by_field for provider in self._wanted.providers):
            return self._wanted.jobs()
        return jobs_by_field(self._wanted, fields_wanted(self._wanted, self._locate))

    def _locate(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Fields by position; unknown where the archive fails and there are other providers."""
        from galaxycurate.pipeline.download.fields import find_fields

        try:
            return find_fields(self._settings, ra, dec)
        except GalaxyCurateError as error:
            if all(provider.by_field for provider in self._wanted.providers):
                raise
            self._wanted.warnings.append(
                f"the fields of {ra.size:,} cutouts could not be looked up, so that nobody draws "
                f"them from frames: {first_line(error)}"
            )
            return np.zeros((ra.size, 3), np.int64)

    def _paces(self) -> Mapping[str, Callable[[], Pace]]:
        """As fast as the user allows or the provider asks for, from where the last run ended."""
        return {provider.name: self._pace(provider) for provider in self._wanted.providers}

    def _pace(self, provider: Provider) -> Callable[[], Pace]:
        known = self._hosts.recall(provider.name, provider.server)
        start = Learned(known.rate, known.window) if known else None
        ceiling = polite_rate(provider) if self._limits.rate is None else self._limits.rate
        return partial(Pace, ceiling, concurrency=self._limits.concurrency, start=start)

    def _parameters(self, retry_failed: bool) -> dict:
        names = ("server", "release", "provider", "format", "layout", "rate", "concurrency", "dask")
        return {name: getattr(self._settings, name) for name in names} | {
            "framing": vars(self._wanted.asking.framing),
            "retry_failed": retry_failed,
            "manifests": {str(file.path): file.sha256 for file in self._wanted.manifests},
        }


def polite_rate(provider: Provider) -> float:
    """Requests a second at most where the user says nothing; 0, no limit, for this machine."""
    return 0.0 if is_loopback(provider.server) else provider.courteous


def _outlook(wanted: Wanted) -> DownloadSummary:
    """What a run would do; an address that hangs on a field not known yet is left out."""
    fields = fields_wanted(wanted)
    jobs = (asked.job for asked in islice(wanted.walk(Mark.FETCH, fields), 3))
    urls = tuple(filter(None, map(wanted.providers[0].url, jobs)))
    costs = _costs(wanted, fields[wanted.marks == Mark.FETCH])
    left = wanted.to_do + wanted.count(Mark.LEFT)
    return DownloadSummary(
        **facts(wanted), left=left, urls=urls, costs=costs, replaced=wanted.replaced()
    )


def _costs(wanted: Wanted, fields: np.ndarray) -> dict[str, dict[str, float]]:
    """Both ways, cutout by cutout and field by field, where they give the format; a row of unknown
    field has one of its own. ``fields``, of what is to be fetched, is sorted here.
    """
    n = wanted.count(Mark.FETCH)
    if not n:
        return {}
    fields.sort()
    n_fields = int((fields[1:] != fields[:-1]).sum() + max(1, (fields == 0).sum()))
    names = {"skyserver", "frames", *(provider.name for provider in wanted.providers)}
    rates = {provider.name: provider.courteous for provider in wanted.providers}
    found = {}
    for name in (name for name in that_give(wanted.asking.format) if name in names):
        told = cost(name, cutouts=n, pixels=wanted.n_pixels, fields=n_fields)
        rate = rates.get(name) or 2.0
        found[name] = {"requests": told.requests, "bytes": told.n_bytes,
                       "seconds": round(told.seconds(rate), 1)}  # fmt: skip
    return found


def _ledger_if_any(settings: Settings) -> Ledger | None:
    try:
        return Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return None


def _where_to_look(lanes: Sequence[LaneState], said: str) -> str:
    """What to do about the provider that gave this error; one that answers is not to be started."""
    kept = "what came is kept; the same command goes on from there"
    down = [lane for lane in lanes if lane.down == said]
    if any(is_loopback(lane.server) and not lane.served + lane.refused for lane in down):
        return f"start it: galaxycurate sandbox serve; {kept}"
    return f"galaxycurate config show tells the server; {kept}"
