"""Which labels are wanted: the votes that they rest on, and the question that brings these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galaxycurate.catalogs.rules import shipped as schemes
from galaxycurate.catalogs.rules.labels import Labels, label
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.core.progress import Progress
from galaxycurate.core.query import Query
from galaxycurate.pipeline import votequery, votetable
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.votetable import Votes
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
        See `galaxycurate.pipeline.votequery.query`.

    Returns
    -------
    Query
    """
    scheme = schemes.load(wish.scheme or DEFAULT[wish.catalog or "gz1"])
    return votequery.query(
        adapted(settings, scheme), scheme, catalog=wish.catalog, threshold=wish.threshold,
        kind=wish.kind, all_votes=all_votes, limit=rows,
    )  # fmt: skip


def adapted(settings: Settings, scheme: Scheme) -> Settings:
    """The settings with what the scheme asks for, where nobody said otherwise."""
    own: dict[str, Any] = {"limit": scheme.sample, "size_px": scheme.size_px}
    return replace(settings, **{k: v for k, v in own.items() if v and not settings.said(k)})


def votes_of(
    settings: Settings,
    wish: Wish,
    archive: Archive | None,
    progress: Progress,
    *,
    against: Scheme | None = None,
    all_votes: bool = False,
    rows: int | None = None,
) -> Votes:
    """The table that a wish names, or the archive's answer; ``against`` must fit it, too."""
    if wish.table is not None:
        return votetable.from_file(settings, wish.table, wish.scheme, wish.kind, against=against)
    scheme = schemes.load(wish.scheme or DEFAULT[wish.catalog or "gz1"])
    asked = query(settings, wish, all_votes=all_votes, rows=rows)
    if against:  # refused before anybody is asked
        votequery.query(settings, against, catalog=asked.name.split("_")[1], all_votes=True)
    return votequery.from_archive(archive or archive_of(settings), scheme, asked, progress)


def more_rows(votes: Votes) -> int:
    """Rows to ask for where the rules left too few; 0 where there are no more."""
    asked = votes.asked.limit if votes.cut and votes.asked else None
    return min(4 * asked, votequery.MOST_ROWS) if asked and asked < votequery.MOST_ROWS else 0


def labels_of(settings: Settings, wish: Wish, votes: Votes, scheme: Scheme) -> Labels:
    """What a scheme makes of votes, as was wished."""
    return label(
        votes.table, scheme, kind=wish.kind, threshold=wish.threshold,
        min_votes=votequery.min_votes_of(settings, scheme), soft=wish.soft,
    )  # fmt: skip
