"""Positives: galaxies on which Galaxy Zoo's volunteers agree, labelled by a scheme."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.catalogs.rules import shipped as schemes
from galaxycurate.catalogs.rules.labels import Labels, crossed, label
from galaxycurate.catalogs.rules.objects import names, objids
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.rules.walk import Spread, Walk
from galaxycurate.catalogs.table import CatalogTable, Note
from galaxycurate.core.ids import places_of
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.pipeline import votetable
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.radii import radii_of
from galaxycurate.pipeline.votetable import Votes
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    from galaxycurate.archives.archive import Archive

DEFAULT = {"gz1": "gz1-binary", "gz2": "gz2-simple"}


@dataclass(frozen=True)
class Wish:
    """Which labels are wanted, and of which table.

    Parameters
    ----------
    scheme : str
        A name or a TOML file; by default the one of the table's catalogue.
    table : str or Path, optional
        A vote table on disk, or the name of one that `galaxycurate catalogs` put away; otherwise
        the archive is asked.
    catalog : {'gz1', 'gz2'}, optional
        Which votes the archive is asked for; by default those that the scheme reads.
    kind : str, optional
        Which vote fractions, such as ``debiased`` or ``raw``.
    threshold : float, optional
        Least fraction of the votes; by default the scheme's.
    soft : bool
        Keep the shares of all classes as soft labels.
    radii : bool
        Ask the archive for Petrosian radii, so that `download --size-petro` can scale the cutouts.
    """

    scheme: str = ""
    table: str | Path | None = None
    catalog: str = ""
    kind: str | None = None
    threshold: float | None = None
    soft: bool = False
    radii: bool = False


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
    votes = _votes(settings, wish, archive, progress)
    settings = adapted(settings, votes.scheme)
    labels = _label(settings, wish, votes, votes.scheme)
    while labels.row.size < settings.limit and (rows := _more(votes)):
        votes = _votes(settings, wish, archive, progress, rows=rows)
        labels = _label(settings, wish, votes, votes.scheme)
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
    radii = votes.table.columns.get(votetable.RADIUS)
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
    votes = _votes(settings, wish, archive, progress, against=against, all_votes=True)
    labels = _label(settings, wish, votes, votes.scheme)
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
        compared = crossed(labels, _label(settings, plain, votes, against))
    return Explained(labels, walk.spreads(), votes.table.notes, votes.source, compared)


def query(
    settings: Settings, wish: Wish, *, all_votes: bool = False, rows: int | None = None
) -> Query:
    """The question to the archive, bound.

    Parameters
    ----------
    settings : Settings
    wish : Wish
        Without a table.
    all_votes : bool
        Whether rows are wanted that get no label, as `explain` does.
    rows : int, optional
        See `votetable.query`.

    Returns
    -------
    Query
    """
    scheme = schemes.load(wish.scheme or DEFAULT[wish.catalog or "gz1"])
    return votetable.query(
        adapted(settings, scheme), scheme, catalog=wish.catalog, threshold=wish.threshold,
        kind=wish.kind, all_votes=all_votes, limit=rows,
    )  # fmt: skip


def adapted(settings: Settings, scheme: Scheme) -> Settings:
    """The settings with what the scheme asks for, where nobody said otherwise."""
    own: dict[str, Any] = {"limit": scheme.sample, "size_px": scheme.size_px}
    return replace(settings, **{k: v for k, v in own.items() if v and not settings.said(k)})


def _votes(
    settings: Settings,
    wish: Wish,
    archive: Archive | None,
    progress: Progress,
    *,
    against: Scheme | None = None,
    all_votes: bool = False,
    rows: int | None = None,
) -> Votes:
    if wish.table is not None:
        return votetable.from_file(settings, wish.table, wish.scheme, wish.kind, against=against)
    scheme = schemes.load(wish.scheme or DEFAULT[wish.catalog or "gz1"])
    asked = query(settings, wish, all_votes=all_votes, rows=rows)
    if against:  # refused before anybody is asked
        votetable.query(settings, against, catalog=asked.name.split("_")[1], all_votes=True)
    return votetable.from_archive(archive or archive_of(settings), scheme, asked, progress)


def _more(votes: Votes) -> int:
    """Rows to ask for where the rules left too few; 0 where there are no more."""
    asked = votes.asked.limit if votes.cut and votes.asked else None
    return min(4 * asked, votetable.MOST_ROWS) if asked and asked < votetable.MOST_ROWS else 0


def _label(settings: Settings, wish: Wish, votes: Votes, scheme: Scheme) -> Labels:
    return label(
        votes.table, scheme, kind=wish.kind, threshold=wish.threshold,
        min_votes=votetable.min_votes_of(settings, scheme), soft=wish.soft,
    )  # fmt: skip


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
