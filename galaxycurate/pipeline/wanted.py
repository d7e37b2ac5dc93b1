"""What the manifests want of the image tree, and what of it is still to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.errors import InputError, UsageError
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import Provider, has_position
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest

COLUMNS = ("name", "label", "ra", "dec", "pixscale", "size_px")


class Mark(IntEnum):
    """What is to be done about a row."""

    IMPORTED = 0  # adopted from a file of the user
    TWIN = 1  # asked for by an earlier row
    KEPT = 2
    REJECTED = 3
    LEFT = 4  # not in this command's scope
    UNPLACED = 5  # no position: can only be rejected
    FETCH = 6


@dataclass(frozen=True)
class _Before:
    """What the ledger knows of a path; the request as its hash, for there may be a million."""

    request: int
    status: Status
    n_bytes: int


@dataclass
class Wanted:
    """The rows of the manifests, each with its mark; a byte a row."""

    providers: list[Provider]
    tree: ImageTree
    manifests: list[Manifest]
    marks: list[bytearray] = field(default_factory=list)
    kept_by_label: Counter[str] = field(default_factory=Counter)
    n_pixels: int = 0

    def count(self, *marks: Mark) -> int:
        """How many rows bear one of the marks."""
        return sum(line.count(mark) for line in self.marks for mark in marks)

    @property
    def n_cutouts(self) -> int:
        """Different cutouts that are wanted of the server."""
        return sum(map(len, self.marks)) - self.count(Mark.IMPORTED, Mark.TWIN)

    def jobs(self) -> Iterator[Job]:
        """The cutouts to fetch, made as they are asked for."""
        for manifest, row in self._rows(Mark.FETCH):
            yield _job(row, self.tree, manifest.sha256)

    def unplaced(self) -> Iterator[Outcome]:
        """The outcomes of rows without a position."""
        for manifest, row in self._rows(Mark.UNPLACED):
            yield Outcome(
                path=self.tree.relative(row["label"], row["name"]),
                name=row["name"],
                label=row["label"],
                request=_request(self.providers[0], row),
                status=Status.REJECTED,
                reason=str(Reason.NO_POSITION),
                attempts=0,
                manifest=manifest.sha256,
            )

    def _rows(self, mark: Mark) -> Iterator[tuple[Manifest, dict]]:
        for manifest, marks in zip(self.manifests, self.marks, strict=True):
            if mark in marks:
                for row, its in zip(manifest.rows(COLUMNS), marks, strict=True):
                    if its == mark:
                        yield manifest, row


def gather(
    manifests: list[Manifest],
    providers: list[Provider],
    tree: ImageTree,
    *,
    ledger: Ledger | None,
    only_failed: bool = False,
) -> Wanted:
    """Compare what is wanted with what the ledger and the tree have.

    Parameters
    ----------
    manifests : list of Manifest
    providers : list of Provider
    tree : ImageTree
    ledger : Ledger or None
        None where there is none yet.
    only_failed : bool
        Leave out what was never tried.

    Returns
    -------
    Wanted

    Raises
    ------
    UsageError
        One name and label stands for two different cutouts.
    InputError
        A row has no scale or size.
    """
    wanted = Wanted(providers, tree, manifests)
    before = _before(ledger)
    seen: dict[str, int] = {}
    for manifest in manifests:
        marks = bytearray()
        for row in _rows_of(manifest):
            path = tree.relative(row["label"], row["name"])
            request = _request(providers[0], row)
            if path in seen:
                if seen[path] != hash(request):
                    raise _two_requests(manifests, row)
                marks.append(Mark.TWIN)
                continue
            seen[path] = hash(request)
            mark = _mark(row, hash(request), before.get(path), tree.size(path), only_failed)
            marks.append(mark)
            wanted.kept_by_label[row["label"]] += mark == Mark.KEPT
            wanted.n_pixels += row["size_px"] ** 2 if mark == Mark.FETCH else 0
        wanted.marks.append(marks)
    return wanted


def _mark(row: Mapping, request: int, last: _Before | None, size: int | None, only_failed: bool):
    if row["source_file"]:
        return Mark.IMPORTED
    status = last.status if last is not None and last.request == request else None
    if status is Status.OK and last is not None and last.n_bytes == size:
        return Mark.KEPT
    if status is Status.REJECTED:
        return Mark.REJECTED
    if only_failed and status is not Status.FAILED:
        return Mark.LEFT
    return Mark.FETCH if has_position(row) else Mark.UNPLACED


def _before(ledger: Ledger | None) -> dict[str, _Before]:
    if ledger is None:
        return {}
    return {
        line.path: _Before(hash(line.request), line.status, line.n_bytes)
        for line in ledger.outcomes()
    }


def _rows_of(manifest: Manifest) -> Iterator[dict]:
    """Rows with the columns that decide, checked."""
    has_source = "source_file" in manifest.table.column_names
    for row in manifest.rows((*COLUMNS, "source_file") if has_source else COLUMNS):
        row.setdefault("source_file", "")
        if not row["source_file"] and not (row["pixscale"] and row["size_px"]):
            raise InputError(
                f"{manifest.path}: {row['name']} has no pixscale or size_px",
                hint="a manifest says how large each cutout is; make it again",
            )
        yield row


def _request(provider: Provider, row: Mapping) -> str:
    if row.get("source_file"):
        return f"import {row['source_file']}"
    if not has_position(row):
        return f"no position for {row['name']}"
    return provider.request(_job(row))


def _job(row: Mapping, tree: ImageTree | None = None, manifest: str = "") -> Job:
    return Job(
        ra=row["ra"],
        dec=row["dec"],
        pixscale=row["pixscale"],
        size_px=row["size_px"],
        path=tree.relative(row["label"], row["name"]) if tree else "",
        label=row["label"],
        name=row["name"],
        manifest=manifest,
    )


def _two_requests(manifests: list[Manifest], row: Mapping) -> UsageError:
    files = [
        str(manifest.path)
        for manifest in manifests
        if (row["label"], row["name"])
        in zip(manifest.column("label"), manifest.column("name"), strict=True)
    ]
    return UsageError(
        f"{' and '.join(files)} want two different cutouts as {row['label']}/{row['name']}",
        hint="name the one you mean: galaxycurate download FILE, or move the other away",
    )
