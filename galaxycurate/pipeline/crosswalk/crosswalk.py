"""Crosswalk: which object of DR8 and later each DR7 object is, or back, and how that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.ids import places_of
from galaxycurate.errors import IdentityError, SettingError
from galaxycurate.pipeline.archive import archive_of, shelf_of
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.crosswalk.counterparts import Asker
from galaxycurate.pipeline.crosswalk.identity import NOT_ASKED, OWN, Search, contradictions
from galaxycurate.pipeline.crosswalk.objects import (
    distinct,
    manifest_at,
    of_folder,
    of_manifest,
    of_table,
)
from galaxycurate.store.crosswalk import arrow_table, write
from galaxycurate.store.files import existing, sha256_of
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

RELEASES = ("dr8", "dr7")


@dataclass(frozen=True)
class Crosswalk:
    """Who each object of a table is.

    Parameters
    ----------
    header : Header
    table : pyarrow.Table
        One row for each distinct object: ``row`` (its first, from 1), ``dr7objid``, ``objID``,
        ``how``, ``distance_arcsec``, ``reason``.
    of_row : ndarray of int64, shape (n,)
        For each row of the input its row here.
    questions : mapping of str to int
        That were put to the archive, or would be at most, by their file in `sql/`.
    notes : tuple of str
        What was dealt with in the tables, and what the archive could not tell.
    parent : Manifest or None
        The input, where it is a manifest.
    conflicts : int
        Objects whose two ids another source gives to other objects; their reason tells it.
    unasked : int
        Objects that the archive was not asked about, because it refused a question: asked again,
        it may answer.
    """

    header: Header
    table: pa.Table
    of_row: np.ndarray
    questions: Mapping[str, int]
    notes: tuple[str, ...] = ()
    parent: Manifest | None = field(default=None, repr=False)
    conflicts: int = 0
    unasked: int = 0

    def __len__(self) -> int:
        return self.table.num_rows

    @property
    def counts(self) -> dict[str, int]:
        """Objects by how they were found, then by why they were not."""
        return dict(self.header.counts)

    @property
    def unmatched(self) -> int:
        """Objects that nothing was found for."""
        return self.table.column("how").to_pylist().count("")

    def write(self, path: Path) -> None:
        """Write it as `.parquet`, `.csv` or `.ecsv`."""
        write(Path(path), self.table, self.header.to_json())

    def applied(self, *, command: str = "") -> Manifest:
        """The manifest that was asked about, with the ids that were found filled in.

        Returns
        -------
        Manifest
            Not yet written: the same rows in the same order, its parent the manifest.

        Raises
        ------
        SettingError
            The input was no manifest.
        """
        if self.parent is None:
            raise SettingError(
                "ids can be filled into a manifest only",
                hint="galaxycurate positives and import make manifests",
            )
        columns = {name: self.parent.column(name) for name in self.parent.table.column_names}
        for name in ("objID", "dr7objid"):
            columns[name] = self.table.column(name).to_numpy()[self.of_row].tolist()
        newer, older = np.array(columns["objID"]), np.array(columns["dr7objid"])
        places = places_of(np.where(newer != 0, newer, older))
        columns |= {name: values for name, values in places.items() if name in columns}
        header = replace(
            self.parent.header,
            command=command or "galaxycurate.crosswalk(...).applied()",
            created_utc=utc_now(),
            cuts={**self.parent.header.cuts, "crosswalk": dict(self.header.cuts)},
            counts={**self.parent.header.counts, **self.counts},
            parents=(self.parent.sha256,),
            version=self.header.version,
        )
        return Manifest.build(header, columns, where=str(self.parent.path))


def crosswalk(
    settings: Settings,
    table: Path,
    *,
    to: str = "",
    tables: Sequence[Path] = (),
    radius_arcsec: float = 1.0,
    asker: Asker | None = None,
    command: str = "",
) -> Crosswalk:
    """Find what the objects of a table are called in the other release.

    Tables that carry both ids are believed first, then the archive's PhotoObjDR7, then position:
    in the same field of the same run, at last anywhere.

    Parameters
    ----------
    settings : Settings
        With ``archive = "none"`` nobody is asked.
    table : Path
        A manifest, or any catalogue table with ids, or positions, or both.
    to : {'dr8', 'dr7'}, optional
        Whose ids are wanted; by default each row's missing one.
    tables : sequence of Path
        Tables that carry both ids, or ids and positions; those in the folder of catalogues that
        carry both ids are used, too.
    radius_arcsec : float
        How far a position may be off, above 0 and at most 10.
    asker : Asker, optional
        Who asks an archive for the rest; by default the one that the settings name is asked.
    command : str
        The command line, for the provenance.

    Returns
    -------
    Crosswalk
        An object that was not found is a row with a reason.

    Raises
    ------
    SettingError
        A radius or a release that is none.
    IdentityError
        No row of the table has an id or a position.
    """
    if to and to not in RELEASES:
        raise SettingError(f"to = {to!r} is no release of ids", hint="choose dr8 or dr7")
    if not 0 < radius_arcsec <= 10:
        raise SettingError(
            f"radius-arcsec = {radius_arcsec:g} is outside 0 to 10",
            hint="two reductions of one run agree to some tenths of an arcsec",
        )
    parent = manifest_at(Path(table))
    rows = of_manifest(parent) if parent else of_table(existing(Path(table)))
    if not (rows.objid.any() or rows.dr7objid.any() or np.isfinite(rows.ra).any()):
        raise IdentityError(
            f"{table} holds neither SDSS ids nor positions: nothing tells which objects it means",
            hint="add a column objid or dr7objid, or ra and dec",
        )
    mine, first, of_row = distinct(rows)
    given = [of_table(existing(Path(p))) for p in tables]
    shelved, notes = of_folder(settings, besides=(table, *tables))
    others = given + shelved
    shelf = None
    if asker is None and settings.archive != "none":
        shelf = shelf_of(settings)
        asker = Asker(archive_of(settings, shelf=shelf), shelf)
    lacking = {"dr8": mine.objid == 0, "dr7": mine.dr7objid == 0}
    if not to:  # what has no id at all is looked for among the newer objects
        lacking["dr7"] &= ~lacking["dr8"]
    found = {"dr8": mine.objid.copy(), "dr7": mine.dr7objid.copy()}
    columns: dict[str, np.ndarray] = {
        "row": first + 1,
        "how": np.full(first.size, OWN, object),
        "distance_arcsec": np.full(first.size, np.nan),
        "reason": np.full(first.size, "", object),
    }
    for release in (to,) if to else RELEASES:
        want = np.flatnonzero(lacking[release])
        if want.size:
            matches = Search(release, others, asker, radius_arcsec).of(mine, want)
            found[release][want] = matches.found
            for name in ("how", "distance_arcsec", "reason"):
                columns[name][want] = getattr(matches, name)
    conflicts = contradictions(replace(mine, objid=found["dr8"], dr7objid=found["dr7"]), others)
    for row, said in conflicts.items():
        columns["reason"][row] = "; ".join(filter(None, (columns["reason"][row], said)))
    unasked = sum(text.startswith(NOT_ASKED) for text in columns["reason"].tolist())
    if shelf and not unasked:
        shelf.clear()
    header = Header(
        command=command or "galaxycurate.crosswalk(...)",
        created_utc=utc_now(),
        archive=asker.archive.name if asker else "",
        release=settings.release,
        cuts={
            "to": to or "what each row lacks",
            "radius_arcsec": radius_arcsec,
            "tables": [other.name for other in given],
            "catalogs": [other.name for other in shelved],
        },
        counts=_counts(columns["how"], columns["reason"])
        | ({"conflicts": len(conflicts)} if conflicts else {}),
        parents=(sha256_of(Path(table)), *(other.sha256 for other in others)),
    )
    return Crosswalk(
        header=header,
        table=arrow_table({**columns, "objID": found["dr8"], "dr7objid": found["dr7"]}),
        of_row=of_row,
        questions=dict(asker.questions) if asker else {},
        notes=(
            *(n for one in (rows, *others) for n in one.notes),
            *notes,
            *(asker.notes if asker else ()),
        ),
        parent=parent,
        conflicts=len(conflicts),
        unasked=unasked,
    )


def _counts(how: np.ndarray, reason: np.ndarray) -> dict[str, int]:
    """Objects by how, then the others by why not, without the numbers."""
    found = Counter(how[how != ""].tolist())
    lost = Counter(str(text).split(" (")[0] for text in reason[how == ""].tolist())
    return {"objects": how.size, **dict(found.most_common()), **dict(lost.most_common())}
