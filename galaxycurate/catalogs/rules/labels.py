"""Votes to labels: one label an object, what a scheme left out counted and listed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from galaxycurate.catalogs.rules.expression import ROUNDING
from galaxycurate.catalogs.rules.objects import Conflict, drawn, one_each
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.rules.walk import Step, Walk
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.core.columns import SOFT
from galaxycurate.errors import LayoutError, SettingError


@dataclass(frozen=True)
class Labels:
    """Rows of a table that have a label.

    Parameters
    ----------
    scheme, scheme_sha256 : str
        Its name and the sha256 of its file.
    kind : str
        Of the vote fractions; empty where the scheme knows no kinds.
    threshold : float or None
    min_votes : int
    row : ndarray of int64, shape (m,)
        Rows of the table, ascending.
    who : ndarray of int64, shape (m,)
        The object: its id, or a number made from its name.
    label : ndarray of str, shape (m,)
    fraction : ndarray of float64, shape (m,)
        Of the votes for the label; NaN where the scheme gives none.
    n_votes : ndarray of int64, shape (m,)
        Volunteers who answered the deciding question; -1 where unknown.
    soft : dict of str to ndarray of float64, shape (m,)
        Share of all volunteers for each class, the fractions along its path multiplied; empty
        unless asked for.
    funnel : dict of str to int
        Rows left after each cut, in order, then each class.
    steps : list of Step
        Every cut of every class.
    left_out : dict of str to int
        Rows that are not among them, by reason.
    conflicts : list of Conflict
    warnings : list of str
    """

    scheme: str
    scheme_sha256: str
    kind: str
    threshold: float | None
    min_votes: int
    row: np.ndarray
    who: np.ndarray
    label: np.ndarray
    fraction: np.ndarray
    n_votes: np.ndarray
    soft: dict[str, np.ndarray] = field(default_factory=dict)
    funnel: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Where the labels come from, in two words."""
        return f"{self.scheme} {self.kind}".rstrip()

    @property
    def cuts(self) -> dict[str, object]:
        """What decided on the labels, for the header of a manifest."""
        return {
            "scheme": self.scheme,
            "scheme_sha256": self.scheme_sha256,
            "votes": self.kind,
            "threshold": self.threshold,
            "min_votes": self.min_votes,
            "soft": bool(self.soft),
        }

    def columns(self, catalog: str) -> dict[str, list]:
        """What a manifest says of the votes; None where it is unknown."""
        n = self.row.size
        return {
            "label": self.label.tolist(),
            "label_source": [self.source] * n,
            "scheme": [self.scheme] * n,
            "catalog": [catalog] * n,
            "n_votes": [None if v < 0 else v for v in self.n_votes.tolist()],
            "vote_fraction": _or_none(self.fraction),
            **{f"{SOFT}{name}": _or_none(values) for name, values in self.soft.items()},
        }

    def at_most(self, limit: int, seed: int) -> Labels:
        """A draw that depends on the objects and the seed alone, where there are more rows."""
        if self.row.size <= limit:
            return self
        kept = drawn(self.who, limit, seed)
        label = self.label[kept]
        names, counts = np.unique(label, return_counts=True)
        counted = dict(zip(names.tolist(), counts.tolist(), strict=True))
        known = set(np.unique(self.label).tolist())
        funnel = {name: n for name, n in self.funnel.items() if name not in known}
        funnel[f"drawn by seed {seed}"] = limit
        return replace(
            self,
            row=self.row[kept],
            who=self.who[kept],
            label=label,
            fraction=self.fraction[kept],
            n_votes=self.n_votes[kept],
            soft={name: values[kept] for name, values in self.soft.items()},
            funnel=funnel | {n: counted.get(n, 0) for n in self.funnel if n in known},
        )


def label(
    table: CatalogTable,
    scheme: Scheme,
    *,
    kind: str | None = None,
    threshold: float | None = None,
    min_votes: int | None = None,
    soft: bool = False,
) -> Labels:
    """Label the rows of a table, one an object.

    Parameters
    ----------
    table : CatalogTable
        With the columns of `Scheme.wants`.
    scheme : Scheme
    kind : str, optional
        Which vote fractions; by default the scheme's first that the table has.
    threshold, min_votes : optional
        The scheme's own by default. Rows whose number of votes is unknown pass, and are counted.
    soft : bool
        Keep the shares of all classes.

    Returns
    -------
    Labels
        One label an object at most: that of its row with most votes; none where that row has none,
        or another row has another.

    Raises
    ------
    SettingError, LayoutError
        See `Scheme.checked` and `Scheme.kind_of`; ``soft`` of a scheme without fractions.
    """
    if soft and not any(node.fraction for node in scheme.classes):
        raise SettingError(
            f"scheme {scheme.name} has no vote fractions to keep", hint="leave --soft out"
        )
    if scheme.label and scheme.catalogs and table.catalog not in (*scheme.catalogs, ""):
        raise LayoutError(
            f"scheme {scheme.name} names the values of {scheme.label} in "
            f"{' and '.join(scheme.catalogs)}; {table.source} is {table.catalog}, where they mean "
            "something else",
            hint="leave --scheme out, and the catalogue's own is taken",
        )
    walk = Walk(table, scheme, kind=kind, threshold=threshold, min_votes=min_votes)
    chosen = walk.by_column() if scheme.label else walk.by_cuts()
    labels = np.array([*walk.names, ""])[chosen]  # the last for -1
    speakers = one_each(table, labels, walk.votes(chosen))
    mine, conflicts = speakers.row, speakers.conflicts
    funnel = dict(walk.funnel)
    funnel["different objects"] = mine.size + len(conflicts) + speakers.outvoted
    if speakers.outvoted:
        funnel["whose row with most votes has a label"] = mine.size + len(conflicts)
    if conflicts:
        funnel["not under two labels"] = mine.size
    n_labelled, torn = int((chosen >= 0).sum()), sum(len(c.rows) for c in conflicts)
    left_out = {
        f"no label by {scheme.name}": len(table) - n_labelled,
        "under two labels": torn,
        "no label by the object's row with most votes": speakers.outvoted_rows,
        "repeats of an object": n_labelled - mine.size - torn - speakers.outvoted_rows,
    }
    place, fraction = chosen[mine], walk.fraction_of(chosen)[mine]
    _check_fractions(scheme.name, labels[mine], fraction)
    shares = {n.name: walk.share(n)[mine] for n in scheme.classes} if soft else {}
    for index, name in enumerate(walk.names):
        funnel[name] = int((place == index).sum())
    return Labels(
        scheme=scheme.name,
        scheme_sha256=scheme.sha256,
        kind=walk.kind,
        threshold=walk.threshold,
        min_votes=walk.min_votes,
        row=mine,
        who=speakers.who,
        label=labels[mine],
        fraction=fraction,
        n_votes=np.nan_to_num(walk.n_votes(chosen)[mine], nan=-1).astype(np.int64),
        soft=shares,
        funnel=funnel,
        steps=walk.steps(),
        left_out={reason: n for reason, n in left_out.items() if n},
        conflicts=conflicts,
        warnings=[*walk.warnings(kind), *_not_largest(shares, place)],
    )


def _check_fractions(scheme: str, labels: np.ndarray, fraction: np.ndarray) -> None:
    wrong = np.flatnonzero((fraction < -1e-3) | (fraction > 1.001))
    if wrong.size:
        raise SettingError(
            f"scheme {scheme}: the fraction of class {labels[wrong[0]]} is {fraction[wrong[0]]:g}, "
            "which is no fraction of votes",
            hint="fractions are 0 to 1: look at `fraction` of this class and of its branches",
        )


def crossed(first: Labels, second: Labels) -> dict[str, dict[str, int]]:
    """How many rows one scheme calls this and the other that.

    Parameters
    ----------
    first, second : Labels
        Of one table.

    Returns
    -------
    dict of str to dict of str to int
        By label of the first, then of the second; ``(none)`` for rows that have none.
    """
    a, b = (dict(zip(x.row.tolist(), x.label.tolist(), strict=True)) for x in (first, second))
    columns = [*dict.fromkeys(second.label.tolist()), "(none)"]
    told = {name: dict.fromkeys(columns, 0) for name in (*dict.fromkeys(a.values()), "(none)")}
    for row in {*a, *b}:
        told[a.get(row, "(none)")][b.get(row, "(none)")] += 1
    return {name: counts for name, counts in told.items() if any(counts.values())}


def _or_none(values: np.ndarray) -> list[float | None]:
    return [v if v == v else None for v in values.tolist()]


def _not_largest(shares: dict[str, np.ndarray], place: np.ndarray) -> list[str]:
    """A warning where the classes are no alternatives, so that a label has not most votes."""
    if not shares or not place.size:
        return []
    table = np.nan_to_num(np.array([*shares.values()]))
    own = table[place, np.arange(place.size)]
    n = int((own < table.max(0) - ROUNDING).sum())
    told = f"{n:,} of {place.size:,} labels are not the class with the largest soft label"
    return [told] if n else []
