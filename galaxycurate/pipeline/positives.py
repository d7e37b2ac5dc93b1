"""Positives: galaxies on which Galaxy Zoo's volunteers agree, labelled by a scheme."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs.rules import shipped as schemes
from galaxycurate.catalogs.rules.labels import Labels, crossed
from galaxycurate.catalogs.rules.objects import names, objids
from galaxycurate.catalogs.rules.walk import Spread, Walk
from galaxycurate.catalogs.table import CatalogTable, Note
from galaxycurate.core.ids import places_of
from galaxycurate.core.progress import Progress, silent
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.radii import radii_of
from galaxycurate.pipeline.votetable import RADIUS
from galaxycurate.pipeline.wish import Wish, adapted, labels_of, more_rows, votes_of
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    from galaxycurate.archives.archive import Archive


@dataclass(frozen=True)
class Explained:
    """What a scheme makes of a table, without a manifest.

    ``notes`` tell what was dealt with while the table was read; ``compared`` counts labels of
    this scheme (rows) against those of another (columns), where that was asked for.
    """

    labels: Labels
    spreads: dict[str, Spread]
    notes: tuple[Note, ...]
    source: str
    compared: dict[str, dict[str, int]] = field(default_factory=dict)


def positives(
    settings: Settings,
    wish: Wish | None = None,
    *,
    archive: Archive | None = None,
    command: str = "",
    progress: Progress = silent,
    **wishes,
) -> tuple[Manifest, Labels]:
    """Label galaxies by the votes of Galaxy Zoo.

    Parameters
    ----------
    settings : Settings
    wish : Wish, optional
    archive : Archive, optional
        Who is asked; by default the one that the settings name.
    command : str
        The command line, for the provenance.
    progress : callable
    **wishes
        The fields of a `Wish`, one by one: ``positives(settings, threshold=0.9)``.

    Returns
    -------
    Manifest
        Not yet written; empty where nothing passed.
    Labels
        With the funnel, conflicts and warnings.
    """
    wish = replace(wish or Wish(), **wishes)
    votes = votes_of(settings, wish, archive, progress)
    settings = adapted(settings, votes.scheme)
    labels = labels_of(settings, wish, votes, votes.scheme)
    while labels.row.size < settings.limit and (rows := more_rows(votes)):
        votes = votes_of(settings, wish, archive, progress, rows=rows)
        labels = labels_of(settings, wish, votes, votes.scheme)
    labels = labels.at_most(settings.limit, settings.seed)
    asked = votes.asked
    header = Header(
        command=command or "galaxycurate.positives(...)",
        created_utc=utc_now(),
        archive=votes.source,
        release=settings.release,
        query=asked.name if asked else "",
        query_sha256=asked.sha256 if asked else "",
        cuts={
            "catalog": votes.table.catalog,
            **labels.cuts,
            "limit": settings.limit,
            "size_px": settings.size_px,
            "pixscale": settings.pixscale,
            "seed": settings.seed,
            **({"radii": True} if wish.radii else {}),
        },
        counts=labels.funnel,
        parents=votes.parents,
    )
    columns = _columns(votes.table, labels, settings)
    radii = votes.table.columns.get(RADIUS)
    if radii is not None:
        columns["petroRad_r"] = _positive(np.asarray(radii, float)[labels.row])
    elif wish.radii:
        found = radii_of(
            archive or archive_of(settings), votes.table.catalog,
            np.array(columns["objID"], np.int64), seed=settings.seed, progress=progress,
        )  # fmt: skip
        columns["petroRad_r"] = _positive(found)
    return Manifest.build(header, columns, where=votes.source), labels


def explain(
    settings: Settings,
    wish: Wish,
    *,
    other: str = "",
    archive: Archive | None = None,
    progress: Progress = silent,
) -> Explained:
    """Show what a scheme makes of a table: every cut, every class, every fraction.

    Parameters
    ----------
    settings : Settings
    wish : Wish
    other : str
        A second scheme, whose labels are compared.
    archive, progress
        See `positives`.

    Returns
    -------
    Explained
    """
    against = schemes.load(other) if other else None
    votes = votes_of(settings, wish, archive, progress, against=against, all_votes=True)
    labels = labels_of(settings, wish, votes, votes.scheme)
    walk = Walk(
        votes.table, votes.scheme, kind=wish.kind, threshold=wish.threshold,
        min_votes=labels.min_votes,
    )  # fmt: skip
    compared = {}
    if against:
        plain = Wish(
            kind=wish.kind if wish.kind in against.kinds else None,
            threshold=wish.threshold if against.threshold else None,
        )
        compared = crossed(labels, labels_of(settings, plain, votes, against))
    return Explained(labels, walk.spreads(), votes.table.notes, votes.source, compared)


def _positive(radii: np.ndarray) -> list[float | None]:
    return [radius if radius > 0 else None for radius in radii.tolist()]


def _columns(table: CatalogTable, labels: Labels, settings: Settings) -> dict[str, list]:
    row = labels.row
    objid = objids(table)[row]
    key = np.where(objid != 0, objid, table.dr7objid[row])
    return {
        "name": names(table, row),
        "ra": table.ra[row].tolist(),
        "dec": table.dec[row].tolist(),
        "pixscale": [settings.pixscale] * row.size,
        "size_px": [settings.size_px] * row.size,
        "objID": objid.tolist(),
        "dr7objid": table.dr7objid[row].tolist(),
        **places_of(key),
        **labels.columns(table.catalog),
    }
