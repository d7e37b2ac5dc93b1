"""Import: adopt an image collection that exists already, with identity and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.catalogs.tables import read_table
from galaxycurate.catalogs.votes import ids_or_zero
from galaxycurate.core.ids import decode, field_of
from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import IdentityError, InputError, LayoutError, SettingError
from galaxycurate.imagery.check import Checked, check_file
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.store.files import existing, sha256_of
from galaxycurate.store.images import ImageTree, check_word
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

MODES = ("copy", "hardlink", "reference")
_ID_NAMES = ("objid", "dr8objid", "objid8", "dr7objid", "objid_dr7")
_LABEL_NAMES = ("label", "class", "gz1_leaf", "gz1_class")
_FILE_NAMES = ("file", "filename", "file_name", "path", "image")
_IMAGES = {".jpg", ".jpeg", ".png"}
_BATCH = 256
PROVIDER = "import"


@dataclass(frozen=True)
class Collection:
    """An image collection of the user, and how to read its table of labels.

    Parameters
    ----------
    folder : Path
        Holds the images, at any depth.
    labels : Path
        A table with an id and a label for each image.
    id_column, label_column : str, optional
        When the table's own names do not tell.
    classes : mapping of str to sequence of str
        New label -> labels (or patterns such as ``spiral_*``) of the table that become it; what
        no class names is left out. Empty: the table's labels as they stand.
    mode : {'copy', 'hardlink', 'reference'}
    pixscale : float, optional
        Pixel scale of all images [arcsec/pixel], when it is known.
    """

    folder: Path
    labels: Path
    id_column: str | None = None
    label_column: str | None = None
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mode: str = "copy"
    pixscale: float | None = None

    def __post_init__(self):
        """Refuse an unknown mode and an impossible scale."""
        if self.mode not in MODES:
            raise SettingError(f"mode {self.mode!r} is none of {', '.join(MODES)}")
        if self.pixscale is not None and not 0.015 <= self.pixscale <= 60:
            raise SettingError(
                f"pixscale = {self.pixscale:g} is outside 0.015 to 60 arcsec/pixel",
                hint="leave it out when it is unknown or differs from image to image",
            )


@dataclass
class Adoption:
    """What became of a collection: the counts add up to the rows of its table.

    Parameters
    ----------
    rows, left_out, kept, done_before : int
    by_label, rejected, failed : Counter
        Kept images by label; others by reason.
    flawed : list of (str, str)
        File and reason of those that were rejected.
    """

    rows: int = 0
    left_out: Counter = field(default_factory=Counter)
    kept: int = 0
    done_before: int = 0
    by_label: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)
    flawed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Item:
    row: int
    name: str
    label: str
    source: Path | None
    wanted: str


def adopt(
    settings: Settings,
    collection: Collection,
    *,
    command: str = "",
    dry_run: bool = False,
    progress: Progress = silent,
) -> tuple[Manifest, Adoption]:
    """Take images into the dataset, each checked, each with its outcome in the ledger.

    Parameters
    ----------
    settings : Settings
    collection : Collection
    command : str
        The command line, for the provenance.
    dry_run : bool
        Read and join the tables only; nothing is written.
    progress : callable

    Returns
    -------
    Manifest
        Not yet written: the rows that should exist.
    Adoption

    Raises
    ------
    InputError
        The folder or table is missing, or no image matches the table.
    IdentityError
        No ids, ids that went through a float, or an id that stands twice.
    """
    table, ids = _read(collection)
    labels = _labels(table, collection)
    adoption = Adoption(rows=len(table))
    items = _join(table, ids, labels, collection, adoption)
    manifest = Manifest.build(
        _header(settings, collection, adoption, len(items), command),
        _columns(items, table, ids, collection),
        where=str(collection.labels),
    )
    if not dry_run:
        with Ledger.open(settings.ledger_url) as ledger:
            sizes = _take(settings, collection, items, ledger, adoption, progress)
        manifest = _with_sizes(manifest, sizes)
    return manifest, adoption


def _read(collection: Collection):
    existing(collection.folder, what="folder")
    table = read_table(collection.labels)
    if not len(table):
        raise InputError(
            f"{collection.labels} has no rows", hint="it needs an id and a label for each image"
        )
    column = collection.id_column or _find(table, _ID_NAMES)
    if column is None or column not in table.columns:
        raise IdentityError(
            f"{collection.labels} has no column of ids: its images could not be traced to galaxies"
            if column is None
            else f"{collection.labels} has no column {column!r}",
            hint="name it with --id-column; there are " + ", ".join(map(str, table.columns[:8])),
        )
    ids = ids_or_zero(table[column], collection.labels, column)
    if not ids.any():
        raise IdentityError(
            f"{collection.labels}: column {column} is empty: no image could be traced to a galaxy",
            hint="name another column with --id-column",
        )
    twice = [i for i, n in Counter(ids.tolist()).items() if n > 1 and i]
    if twice:
        raise IdentityError(
            f"{collection.labels}: {len(twice)} ids stand on several rows (as {twice[0]})",
            hint="each image needs one row and one label",
        )
    return table, ids


def _labels(table: pd.DataFrame, collection: Collection) -> list[str | None]:
    """The new label of each row; None where no class names the table's label."""
    column = collection.label_column or _find(table, _LABEL_NAMES)
    if column is None or column not in table.columns:
        raise LayoutError(
            f"{collection.labels} has no column "
            + (f"{column!r}" if column else "called label or class"),
            hint="name it with --label-column; there are "
            + ", ".join(map(str, table.columns[:12])),
        )
    cells = table[column]
    empty = cells.isna() | (cells.astype(str).str.strip() == "")
    old = cells.astype(str).tolist()
    if not collection.classes:
        return [None if hole else label for label, hole in zip(old, empty, strict=True)]
    known = {label: _class_of(label, collection.classes) for label in set(old)}
    unused = [
        p
        for patterns in collection.classes.values()
        for p in patterns
        if not any(fnmatchcase(label, p) for label in known)
    ]
    if unused:
        raise InputError(
            f"no row of {collection.labels} has the label {unused[0]!r} in column {column}",
            hint="the labels there are " + ", ".join(sorted(known)[:12]),
        )
    return [known[label] for label in old]


def _class_of(label: str, classes: Mapping[str, Sequence[str]]) -> str | None:
    fits = [new for new, old in classes.items() if any(fnmatchcase(label, p) for p in old)]
    if len(fits) > 1:
        raise SettingError(
            f"the label {label!r} would become both {fits[0]} and {fits[1]}",
            hint="give each label of the table to one --class",
        )
    return fits[0] if fits else None


def _join(table, ids, labels, collection: Collection, adoption: Adoption) -> list[_Item]:
    """Rows with a label, each with the image that its file name or id tells."""
    pictures = [p for p in sorted(collection.folder.rglob("*")) if p.suffix.lower() in _IMAGES]
    column = _find(table, _FILE_NAMES)
    find = _finder(collection.folder, pictures)
    items = []
    for row, (objid, label) in enumerate(zip(ids.tolist(), labels, strict=True)):
        if label is None:
            adoption.left_out["no class names its label"] += 1
            continue
        if not objid:
            adoption.left_out["no id"] += 1
            continue
        check_word(label, what="label")
        wanted = str(table[column].iloc[row]) if column else f"{objid}"
        items.append(_Item(row, str(objid), label, find(wanted), wanted))
    if not any(item.source for item in items):
        raise InputError(
            f"no image of {collection.folder} matches a row of {collection.labels}",
            hint=f"a row asks for {items[0].wanted!r}; images are found by the column file, "
            "or as <id>.jpg"
            if items
            else "no row has a label that a class names",
        )
    return items


def _finder(folder: Path, pictures: list[Path]):
    """Look a picture up by its path in the folder, else by a name that is there only once."""
    by_path = {str(p.relative_to(folder)): p for p in pictures}
    by_name: dict[str, list[Path]] = {}
    for picture in pictures:
        for name in (picture.name, picture.stem):
            by_name.setdefault(name, []).append(picture)

    def find(wanted: str) -> Path | None:
        if wanted in by_path:
            return by_path[wanted]
        found = by_name.get(Path(wanted).name, [])
        ours = [p for p in found if str(p).endswith(f"/{wanted}")] or found
        if len(ours) > 1:
            raise InputError(
                f"{len(ours)} images answer to {wanted!r}: {ours[0]} and {ours[1]}",
                hint="give the path in the folder, in a column called file",
            )
        return ours[0] if ours else None

    return find


def _take(settings, collection, items, ledger, adoption, progress) -> dict[str, int]:
    """Check and adopt each image; the sizes [pixel] of those that were read, by name."""
    tree = ImageTree(Path(settings.dataset))
    tree.clean()
    done = {o.path: o for o in ledger.outcomes()}
    _keep_others(items, tree, done)
    run = ledger.start("import", {"folder": collection.folder, "labels": collection.labels})
    sizes: dict[str, int] = {}
    pending: list[Outcome] = []
    try:
        with ThreadPoolExecutor(2) as pool:
            for n, (item, checked) in enumerate(_checked(items, pool), 1):
                outcome = _settle(item, checked, collection, tree, done, adoption)
                if checked and checked.width:
                    sizes[item.name] = min(checked.width, checked.height)
                if outcome:
                    pending.append(outcome)
                if len(pending) >= _BATCH:
                    ledger.add_outcomes(run, pending)
                    pending = []
                if n % 50 == 0 or n == len(items):
                    progress(n, len(items), f"{adoption.kept + adoption.done_before:,} kept")
    finally:  # an interrupt loses no line of what was done
        ledger.add_outcomes(run, pending)
    return sizes


def _keep_others(items: list[_Item], tree: ImageTree, done: Mapping[str, Outcome]) -> None:
    """Refuse to write over what was downloaded."""
    for item in items:
        before = done.get(_path(item, tree))
        if before and before.status is Status.OK and before.provider != PROVIDER:
            raise InputError(
                f"{before.path} is in the dataset already: it was downloaded",
                hint="import into a folder of its own: --dataset other --manifests other/manifests",
            )


def _path(item: _Item, tree: ImageTree) -> str:
    ending = "jpg" if item.source is None else item.source.suffix.lower()[1:]
    return tree.relative(item.label, item.name, "jpg" if ending == "jpeg" else ending)


def _checked(
    items: list[_Item], pool: ThreadPoolExecutor
) -> Iterator[tuple[_Item, Checked | None]]:
    """Decode ahead, a bounded number at once."""
    for start in range(0, len(items), _BATCH):
        batch = items[start : start + _BATCH]
        results = pool.map(lambda item: check_file(item.source) if item.source else None, batch)
        yield from zip(batch, results, strict=True)


def _settle(item, checked, collection, tree, done, adoption: Adoption) -> Outcome | None:
    """Write one image where it is good; its outcome, or None when the ledger knows it already."""
    path = _path(item, tree)
    request = f"import {item.wanted} sha256 {checked.sha256 if checked else ''}"
    base = dict(path=path, name=item.name, label=item.label, request=request, provider=PROVIDER)
    if checked is None:
        adoption.failed[str(Reason.NO_FILE)] += 1
        return Outcome(**base, status=Status.FAILED, reason=Reason.NO_FILE, detail=item.wanted)
    if checked.flaw:
        reason, detail = checked.flaw
        tree.set_aside(path)  # an earlier, good version of this file
        adoption.rejected[str(reason)] += 1
        adoption.flawed.append((item.wanted, f"{reason}: {detail}"))
        return Outcome(
            **base, status=Status.REJECTED, reason=reason, detail=detail, sha256=checked.sha256
        )
    before = done.get(path)
    if before and before.request == request and tree.size(path) == checked.n_bytes:
        adoption.done_before += 1
        adoption.by_label[item.label] += 1
        return None
    tree.adopt(item.source, path, collection.mode)
    adoption.kept += 1
    adoption.by_label[item.label] += 1
    return Outcome(
        **base, status=Status.OK, sha256=checked.sha256, n_bytes=checked.n_bytes,
        url=str(item.source),
    )  # fmt: skip


def _header(settings, collection, adoption, n_items: int, command: str) -> Header:
    return Header(
        command=command or "galaxycurate.adopt(...)",
        created_utc=utc_now(),
        archive=f"folder {collection.folder.name}, labels {collection.labels.name}",
        cuts={
            "classes": {k: list(v) for k, v in collection.classes.items()},
            "label_column": collection.label_column or "",
        },
        counts={"rows": adoption.rows, "with a class": n_items},
        parents=(sha256_of(collection.labels),),
    )


def _columns(items: list[_Item], table, ids, collection: Collection) -> dict:
    rows = [item.row for item in items]
    own = ids[rows]
    parts = decode(own)
    newer = parts["skyVersion"] >= 2
    return {
        "name": [item.name for item in items],
        "label": [item.label for item in items],
        "label_source": [f"import {collection.labels.name}"] * len(items),
        "ra": _degrees(table, "ra", rows),
        "dec": _degrees(table, "dec", rows),
        "pixscale": [collection.pixscale] * len(items),
        "size_px": [None] * len(items),
        "source_file": [str(item.source or item.wanted) for item in items],
        "objID": [i if new else 0 for i, new in zip(own.tolist(), newer.tolist(), strict=True)],
        "dr7objid": [0 if new else i for i, new in zip(own.tolist(), newer.tolist(), strict=True)],
        "fieldID": field_of(own).tolist(),
        **{name: parts[name].tolist() for name in ("run", "rerun", "camcol", "field")},
    }


def _degrees(table, axis: str, rows: list[int]) -> list[float | None]:
    import pandas as pd

    column = _find(table, (axis,))
    if column is None:
        return [None] * len(rows)
    values = pd.to_numeric(table[column].iloc[rows], errors="coerce")
    return [None if pd.isna(v) else float(v) for v in values]


def _with_sizes(manifest: Manifest, sizes: Mapping[str, int]) -> Manifest:
    columns = {n: manifest.column(n) for n in manifest.table.column_names}
    columns["size_px"] = [sizes.get(name) for name in columns["name"]]
    return Manifest.build(manifest.header, columns, where="import")


def _find(table: pd.DataFrame, names: Sequence[str]) -> str | None:
    lower = {str(c).lower().strip(): str(c) for c in table.columns}
    return next((lower[n] for n in names if n in lower), None)
