"""Positives: galaxies that Galaxy Zoo's volunteers agree on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galaxycurate.archives.choose import Archive
from galaxycurate.catalogs.labels import Labels, check_threshold, label_votes
from galaxycurate.catalogs.votes import Votes, ids_or_zero, read_votes
from galaxycurate.core.ids import decode, field_of
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.store import sqlfiles
from galaxycurate.store.files import sha256_of
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

CATALOGS = {"gz1": "Galaxy Zoo 1", "gz2": "Galaxy Zoo 2"}


def query(settings: Settings, *, threshold: float, catalog: str = "gz1", kind: str = "debiased"):
    """The question to the archive, bound.

    Parameters
    ----------
    settings : Settings
    threshold : float
        Least fraction of the votes, above 0.5.
    catalog : {'gz1', 'gz2'}
    kind : {'debiased', 'raw'}

    Returns
    -------
    Query
    """
    return sqlfiles.read(f"positives_{catalog}_{kind}").bind(
        threshold=check_threshold(threshold),
        min_votes=settings.min_votes,
        limit=settings.limit,
        seed=settings.seed,
    )


def positives(
    settings: Settings,
    *,
    threshold: float = 0.85,
    table: Path | None = None,
    catalog: str = "gz1",
    kind: str | None = None,
    archive: Archive | None = None,
    command: str = "",
    progress: Progress = silent,
) -> tuple[Manifest, Labels]:
    """Label galaxies by the votes of Galaxy Zoo.

    Parameters
    ----------
    settings : Settings
    threshold : float
        Least fraction of the votes, above 0.5.
    table : Path, optional
        A vote table on disk; otherwise the archive is asked.
    catalog : {'gz1', 'gz2'}
        Which votes the archive is asked for.
    kind : {'debiased', 'raw'}, optional
        By default debiased where the table has it.
    archive : Archive, optional
        Who is asked; by default the one that the settings name.
    command : str
        The command line, for the provenance.
    progress : callable

    Returns
    -------
    Manifest
        Not yet written; empty where nothing passed.
    Labels
        With the funnel.
    """
    check_threshold(threshold)
    asked: Query | None = None
    parents: Sequence[str] = ()
    if table is not None:
        votes = read_votes(table, kind=kind)
        source, parents = f"file {Path(table).name}", (sha256_of(table),)
    else:
        asked = query(settings, threshold=threshold, catalog=catalog, kind=kind or "debiased")
        archive = archive or archive_of(settings)
        votes = _ask(archive, asked, catalog, kind or "debiased", progress)
        source = archive.name
    labels = label_votes(votes, threshold=threshold, min_votes=settings.min_votes)
    if table is not None:
        labels = _at_most(labels, settings)
    header = Header(
        command=command or "galaxycurate.positives(...)",
        created_utc=utc_now(),
        archive=source,
        release=settings.release,
        query=asked.name if asked else "",
        query_sha256=asked.sha256 if asked else "",
        cuts={
            "catalog": votes.catalog,
            "votes": votes.kind,
            "threshold": threshold,
            "min_votes": settings.min_votes,
            "limit": settings.limit,
            "size_px": settings.size_px,
            "pixscale": settings.pixscale,
            "seed": settings.seed,
        },
        counts=labels.funnel,
        parents=parents,
    )
    return Manifest.build(header, _columns(votes, labels, settings), where=source), labels


def _ask(archive: Archive, asked: Query, catalog: str, kind: str, progress: Progress) -> Votes:
    try:
        table = archive.run(asked, progress=progress)
    except QueryRefused as error:
        if "zoo" in str(error).lower():
            error.hint = (
                "does this archive hold Galaxy Zoo? galaxycurate catalog add FILE... adds its "
                "tables, --table FILE reads votes from disk"
            )
        raise
    ids = {name: ids_or_zero(table[name], archive.name, name) for name in ("objID", "dr7objid")}
    return Votes(
        catalog=CATALOGS[catalog],
        kind=kind,
        source=archive.name,
        objid=ids["objID"],
        dr7objid=ids["dr7objid"],
        ra=table.ra.to_numpy(float),
        dec=table.dec.to_numpy(float),
        n_votes=table.n_votes.fillna(-1).to_numpy(np.int64),
        n_votes_cs=table.n_votes_cs.fillna(-1).to_numpy(np.int64),
        p_el=table.p_el.to_numpy(float),
        p_cs=table.p_cs.to_numpy(float),
    )


def _at_most(labels: Labels, settings: Settings) -> Labels:
    """A repeatable draw, when the table holds more than was asked for."""
    n = labels.row.size
    if n <= settings.limit:
        return labels
    rng = np.random.default_rng(settings.seed)
    drawn = np.sort(rng.choice(n, settings.limit, replace=False))
    label = labels.label[drawn]
    funnel = {k: v for k, v in labels.funnel.items() if k not in set(labels.label)}
    funnel |= {f"drawn by seed {settings.seed}": settings.limit}
    funnel |= {str(c): int((label == c).sum()) for c in np.unique(labels.label)}
    return Labels(labels.row[drawn], label, labels.fraction[drawn], labels.n_votes[drawn], funnel)


def _columns(votes: Votes, labels: Labels, settings: Settings) -> dict:
    row = labels.row
    objid, dr7objid = votes.objid[row], votes.dr7objid[row]
    key = np.where(objid != 0, objid, dr7objid)
    parts = decode(key)
    short = "gz1" if votes.catalog.endswith("1") else "gz2"
    ra, dec = votes.ra[row], votes.dec[row]
    return {
        "name": [str(k) for k in key.tolist()],
        "label": labels.label.tolist(),
        "label_source": [f"{short} {votes.kind}"] * row.size,
        "ra": ra.tolist(),
        "dec": dec.tolist(),
        "pixscale": [settings.pixscale] * row.size,
        "size_px": [settings.size_px] * row.size,
        "objID": objid.tolist(),
        "dr7objid": dr7objid.tolist(),
        "fieldID": field_of(key).tolist(),
        **{name: parts[name].tolist() for name in ("run", "rerun", "camcol", "field")},
        "n_votes": [None if n < 0 else n for n in labels.n_votes.tolist()],
        "vote_fraction": labels.fraction.tolist(),
        "p_el": votes.p_el[row].tolist(),
        "p_cs": votes.p_cs[row].tolist(),
    }
