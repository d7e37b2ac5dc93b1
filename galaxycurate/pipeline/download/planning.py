"""Comparing what the manifests want with what the ledger and the disk have.

Walks over the manifests and the ledger; between them a row is two hashes of 64 bits (which cutout;
which file and picture), a few bytes of sizes and a mark. A cutout is taken for done only where both
hashes meet and its file has the size that the ledger says; it is refused only after its texts were
compared.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import UsageError
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.download.asking import Asking
from galaxycurate.pipeline.download.wanted import Mark, Older, Wanted
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifestfile import ManifestFile
from galaxycurate.store.rowcheck import twice

_OK, _FAILED = str(Status.OK), str(Status.FAILED)
_IMPORTED, _UNPLACED, _FETCH = int(Mark.IMPORTED), int(Mark.UNPLACED), int(Mark.FETCH)
_KEPT, _REJECTED, _TO_RETRY = int(Mark.KEPT), int(Mark.REJECTED), int(Mark.FAILED)


def gather(
    manifests: list[ManifestFile],
    providers: list[Provider],
    asking: Asking,
    *,
    ledger: Ledger | None,
    only_failed: bool = False,
) -> Wanted:
    """Compare what is wanted with what the ledger and the tree have.

    Parameters
    ----------
    manifests : list of ManifestFile
    providers : list of Provider
        What one of them gave is done; what all of them refused is final.
    asking : Asking
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
        A row has no scale or size, or a manifest lists a cutout twice.
    """
    wanted = Wanted(providers, asking, manifests, np.zeros(sum(map(len, manifests)), np.uint8))
    rows = Rows(wanted)
    if ledger is not None:
        rows.compare(ledger)
    marks = wanted.marks
    if only_failed:
        marks[np.isin(marks, (Mark.FETCH, Mark.UNPLACED))] = Mark.LEFT
    marks[marks == Mark.FAILED] = Mark.FETCH
    wanted.n_pixels = rows.pixels()
    return wanted


class Rows:
    """What is known of each row for as long as it is compared: hashes, sizes, marks."""

    def __init__(self, wanted: Wanted):
        self._wanted, self._marks, n = wanted, wanted.marks, len(wanted.marks)
        self._wholes, self._sides = np.zeros(n, np.int64), np.zeros(n, np.uint16)
        self._keys = np.zeros(n, np.int64)
        self._read()
        self._first_marks = self._marks.copy()
        self._order = np.argsort(self._keys, kind="stable").astype(np.uint32)
        self._keys = self._keys[self._order]
        self._find_twins()

    def pixels(self) -> int:
        """Pixels of all that is to be fetched."""
        sides, counts = np.unique(self._sides[self._marks == Mark.FETCH], return_counts=True)
        return int((counts * sides.astype(np.int64) ** 2).sum())

    def compare(self, ledger: Ledger) -> None:
        """Find what is done: in the ledger first, then on the disk."""
        view, standing = LedgerView(self._wanted.providers), Standing(len(self._marks))
        ending = f".{self._wanted.asking.format}"
        for lines in ledger.lines("path", "request", "status", "n_bytes", "stands"):
            keys = np.fromiter((_key(line[0]) for line in lines), np.int64, len(lines))
            places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            hits = np.flatnonzero(self._keys[places] == keys)
            hits = hits[self._first_marks[self._order[places[hits]]] != _IMPORTED]
            for k, row in zip(hits.tolist(), self._order[places[hits]].tolist(), strict=True):
                if lines[k][0].endswith(ending):
                    self._note(row, lines[k], view)
                standing.note(row, *lines[k])
        self._check_files(standing)

    def _read(self) -> None:
        # one element of an array takes twice as long
        keys, wholes = self._keys.data, self._wholes.data
        sides, marks = self._sides.data, self._marks.data
        number = 0
        for file in self._wanted.manifests:
            n_unknown = n_asked = 0
            for job, words, lack, source in self._wanted.asking.walk(file):
                keys[number] = _key(job.path)
                wholes[number] = hash(f"{job.path} {words}")
                sides[number] = job.size_px
                marks[number] = _IMPORTED if source else _UNPLACED if lack else _FETCH
                number += 1
                n_asked += not source
                n_unknown += lack is Reason.NO_RADIUS
            if 0 < n_asked == n_unknown:
                raise _no_radii(file)

    def _note(self, row: int, line: tuple, view: LedgerView) -> None:
        """A later line takes the place of an earlier one, whatever it asked for; one that left
        the older picture in place says nothing against that one.
        """
        path, request, status, _, stands = line
        words, mark = view.read(request, status)
        if stands and self._marks[row] == _KEPT:
            return
        if hash(f"{path} {words}") == self._wholes.data[row] and mark is not None:
            self._marks[row] = mark
        elif not stands:
            self._marks[row] = self._first_marks[row]

    def _check_files(self, standing: Standing) -> None:
        """What is lost or has another size is fetched again; the rest is counted by label, and of
        that, what is not what is wanted now is remembered as older.
        """
        tree, wanted = self._wanted.asking.tree, self._wanted
        stems, endings, kinds = array("q"), array("B"), array("H")
        for file, rows in wanted.slices():
            marks, here = self._marks[rows], standing.of(rows)
            marks[(marks == Mark.KEPT) & (here.endings == 0)] = _FETCH
            there = here.endings > 0
            places = (row for row, is_there in enumerate(there.tolist()) if is_there)
            for columns in file.walk(("label", "name"), there):
                for label, name in zip(columns["label"], columns["name"], strict=True):
                    row = next(places)
                    path = tree.relative(label, name, Older.ENDINGS[here.endings[row]])
                    is_whole = tree.size(path) == int(here.sizes[row])
                    wanted.kept_by_label[label] += is_whole
                    if marks[row] == _KEPT:
                        marks[row] = _KEPT if is_whole else _FETCH
                    elif is_whole:
                        stems.append(_key(path))
                        endings.append(here.endings[row])
                        kinds.append(here.kinds[row])
        wanted.older = Older(stems, endings, kinds, standing.names)

    # ---- rows that ask for the same file

    def _find_twins(self) -> None:
        again = np.flatnonzero(self._keys[1:] == self._keys[:-1]) + 1
        if not again.size:
            return
        firsts = self._order[np.searchsorted(self._keys, self._keys[again])]
        befores, seconds = self._order[again - 1], self._order[again]
        ends = np.cumsum([len(file) for file in self._wanted.manifests])
        homes = [np.searchsorted(ends, rows, "right") for rows in (befores, seconds)]
        odd = (self._wholes[firsts] != self._wholes[seconds]) | (homes[0] == homes[1])
        if odd.any():
            self._refuse(set(self._keys[again][odd].tolist()))
        self._marks[seconds[~odd]] = self._first_marks[seconds[~odd]] = Mark.TWIN

    def _refuse(self, suspects: set[int]) -> None:
        """Say which rows ask for one file in two ways; hashes that met by chance do not."""
        seen: dict[str, tuple[ManifestFile, str]] = {}
        for file in self._wanted.manifests:
            for job, words, *_ in self._wanted.asking.walk(file):
                if _key(job.path) not in suspects:
                    continue
                other, wish = seen.get(job.path, (None, words))
                if other is file:
                    raise twice(str(file.path), job.label, job.name)
                if other is not None and wish != words:
                    raise UsageError(
                        f"{other.path} and {file.path} want two different cutouts as "
                        f"{job.label}/{job.name}",
                        hint="name the one you mean: galaxycurate download FILE, "
                        "or move the other away",
                    )
                seen[job.path] = file, words


class Standing:
    """The picture that stands for each row, whatever asked for it: 7 bytes a row.

    ``endings`` are numbers in `Older.ENDINGS` (0: there is none), ``sizes`` its bytes, ``kinds``
    numbers in ``names``, which tell who drew it and how large.
    """

    def __init__(self, n: int):
        self.endings, self.sizes = np.zeros(n, np.uint8), np.zeros(n, np.uint32)
        self.kinds, self.names = np.zeros(n, np.uint16), dict[str, int]()

    def note(self, row: int, path: str, request: str, status: str, n_bytes: int, stands: int):
        """A line of the ledger, later than those before."""
        ending = Older.number(path)
        if status == _OK:
            is_import = request.startswith("import ")
            kind = self.names.setdefault(_kind(request), len(self.names) % 65536)
            self.endings[row], self.sizes[row] = 0 if is_import else ending, n_bytes
            self.kinds[row] = kind
        elif not stands and self.endings[row] == ending:
            self.endings[row] = 0

    def of(self, rows: slice) -> Standing:
        """That of some rows."""
        part = Standing(0)
        part.endings, part.sizes = self.endings[rows], self.sizes[rows]
        part.kinds, part.names = self.kinds[rows], self.names
        return part


class LedgerView:
    """How lines of the ledger bear on what is wanted now.

    Parameters
    ----------
    providers : sequence of Provider
        Those who would be asked.
    """

    def __init__(self, providers: Sequence[Provider]):
        self._asked = {provider.origin() for provider in providers}

    def read(self, request: str, status: str) -> tuple[str, int | None]:
        """What a line's request asked for, whoever was asked, and the `Mark` of a row that asks for
        the same; None where its providers are not those of now.
        """
        parts = [_parted(one) for one in request.split(" | ")]
        who, words = {name for name, _ in parts}, parts[0][1]
        if status == _FAILED:
            return words, _TO_RETRY
        if status == _OK:
            return words, _KEPT if who <= self._asked else None
        return words, _REJECTED if who >= self._asked or who == {""} else None


def _parted(request: str) -> tuple[str, str]:
    """Who was asked, and for what; nobody in particular for rows that nobody can be asked for."""
    called, there, rest = request.partition(" ra=")
    if not there:
        return "", request
    words, _, server = rest.rpartition(" @ ")
    return f"{called} @ {server}", f"ra={words}"


def _kind(request: str) -> str:
    """Who drew a picture, and how many pixels wide: `skyserver dr17, 256 px`."""
    called, _, rest = request.partition(" ra=")
    sizes = (word.removeprefix("size=") for word in rest.split() if word.startswith("size="))
    return ", ".join([called, *(f"{size} px" for size in sizes)])


def _no_radii(file: ManifestFile) -> UsageError:
    return UsageError(
        f"{file.path}: no row has a Petrosian radius (petroRad_r), so that no cutout can be scaled "
        "to its galaxy",
        hint="make it again with them: galaxycurate positives --radii, and the options of before",
    )


def _key(path: str) -> int:
    """Which cutout, in whatever format: a hash of 64 bits, good within this process."""
    return hash(path.rpartition(".")[0])
