"""Votes out of an archive: the question that a scheme asks, and the table of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs.rules import shipped
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused, UsageError
from galaxycurate.pipeline.votetable import Votes
from galaxycurate.store import sqlfiles
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    from galaxycurate.archives.archive import Archive

ARCHIVED = ("gz1", "gz2")
"""Catalogues whose votes CAS holds."""

MOST_ROWS = 10_000_000
"""That SQL is asked for: the upper end of @limit."""

_WHOLE = {"gz1": "gz1-binary", "gz2": "gz2-simple"}  # schemes that SQL decides: fewer rows travel


def from_archive(
    archive: Archive, wanted: Scheme, question: Query, progress: Progress = silent
) -> Votes:
    """Ask an archive.

    Parameters
    ----------
    archive : Archive
    wanted : Scheme
    question : Query
        From `query`.
    progress : callable

    Returns
    -------
    Votes
    """
    try:
        answer = archive.run(question, progress=progress)
    except QueryRefused as error:
        if "zoo" in str(error).lower():
            error.hint = (
                "does this archive hold Galaxy Zoo? galaxycurate catalogs add FILE... adds its "
                "tables, --table FILE reads votes from disk"
            )
        raise
    catalog = question.name.split("_")[1]
    cut = question.limit is not None and len(answer) >= question.limit
    if cut:  # of the last object TOP may have kept only some rows
        answer = answer[answer["objID"] != answer["objID"].iloc[-1]]
    objid, dr7objid = (_ids(answer[name], archive.name, name) for name in ("objID", "dr7objid"))
    columns = {
        name.lower(): answer[name].to_numpy(float, na_value=np.nan)
        for name, kind in question.columns
        if kind != "varchar"
    }
    table = CatalogTable(
        catalog=catalog, table="zooSpec" if catalog == "gz1" else "zoo2MainSpecz",
        source=archive.name, sha256="", objid=objid, dr7objid=dr7objid, name=None,
        ra=columns.pop("ra"), dec=columns.pop("dec"), columns=columns,
    )  # fmt: skip
    return Votes(table, wanted, question, archive.name, cut=cut)


def query(
    settings: Settings,
    wanted: Scheme,
    *,
    catalog: str = "",
    threshold: float | None = None,
    kind: str | None = None,
    all_votes: bool = False,
    limit: int | None = None,
) -> Query:
    """The question to the archive, bound.

    Parameters
    ----------
    settings : Settings
    wanted : Scheme
    catalog : {'gz1', 'gz2'}, optional
        By default the first that the scheme reads.
    threshold, kind : optional
        The scheme's own by default.
    all_votes : bool
        Whether rows are wanted that the scheme gives no label.
    limit : int, optional
        Rows at most, where SQL decides; by default such that `settings.limit` objects remain.

    Returns
    -------
    Query

    Raises
    ------
    UsageError
        No archive holds what the scheme reads.
    LayoutError
        It reads columns that are not asked for.
    """
    catalog = catalog or next((c for c in wanted.catalogs if c in ARCHIVED), "")
    if not catalog:
        raise UsageError(
            f"scheme {wanted.name} reads {' and '.join(wanted.catalogs) or 'a table of yours'}, "
            "which no archive holds",
            hint=f"--table {wanted.catalogs[0] if wanted.catalogs else 'FILE'}",
        )
    threshold = wanted.checked(threshold)
    file = sqlfiles.read(f"votes_{catalog}")
    there = [name.lower() for name, _ in file.columns]
    kind = wanted.kind_of(kind, there, f"the question to the archive (sql/{file.name}.sql)")
    in_sql = wanted.name == _WHOLE[catalog] and wanted.sha256 == shipped.load(wanted.name).sha256
    if all_votes or not in_sql:
        return file.bind(seed=settings.seed)
    return sqlfiles.read(f"positives_{catalog}_{kind}").bind(
        threshold=threshold, min_votes=min_votes_of(settings, wanted), seed=settings.seed,
        limit=min(limit or 2 * settings.limit + 100, MOST_ROWS),
    )  # fmt: skip


def min_votes_of(settings: Settings, wanted: Scheme) -> int:
    """What the user said, else what the scheme says."""
    return settings.min_votes if settings.said("min_votes") else wanted.min_votes


def _ids(texts, where: str, column: str) -> np.ndarray:
    """Ids of an answer; 0 where a cell is empty."""
    from galaxycurate.core.ids import parse

    return parse([text or "0" for text in texts.tolist()], where=where, column=column)
