"""Votes to labels: one label an object, what a scheme left out counted and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.rules.walk import Step, Walk
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.core.columns import SOFT
from galaxycurate.errors import SettingError


@dataclass(frozen=True)
class Conflict:
    """One object whose rows have different labels: it gets none. ``rows`` count from 0."""

    object: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]


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
    label : ndarray of str, shape (m,)
    fraction : ndarray of float64, shape (m,)
        Of the votes for the label; NaN where the scheme gives none.
    n_votes : ndarray of int64, shape (m,)
        Volunteers who answered the deciding question; -1 where unknown.
    soft : dict of str to ndarray of float64, shape (m,)
        Fraction of the votes for each class; empty unless asked for.
    funnel : dict of str to int
        Rows left after each cut, in order, then each class.
    steps : list of Step
        Every cut of every class.
    conflicts : list of Conflict
    warnings : list of str
    """

    scheme: str
    scheme_sha256: str
    kind: str
    threshold: float | None
    min_votes: int
    row: np.ndarray
    label: np.ndarray
    fraction: np.ndarray
    n_votes: np.ndarray
    soft: dict[str, np.ndarray] = field(default_factory=dict)
    funnel: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
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
            "vote_fraction": [v if v == v else None for v in self.fraction.tolist()],
            **{f"{SOFT}{name}": values.tolist() for name, values in self.soft.items()},
        }

    def at_most(self, limit: int, seed: int) -> Labels:
        """A repeatable draw, where there are more rows than were asked for."""
        if self.row.size <= limit:
            return self
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.choice(self.row.size, limit, replace=False))
        label = self.label[drawn]
        names, counts = np.unique(label, return_counts=True)
        counted = dict(zip(names.tolist(), counts.tolist(), strict=True))
        known = set(np.unique(self.label).tolist())
        funnel = {name: n for name, n in self.funnel.items() if name not in known}
        funnel[f"drawn by seed {seed}"] = limit
        return replace(
            self,
            row=self.row[drawn],
            label=label,
            fraction=self.fraction[drawn],
            n_votes=self.n_votes[drawn],
            soft={name: values[drawn] for name, values in self.soft.items()},
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
        Keep the fractions of all classes.

    Returns
    -------
    Labels
        One label an object at most: of its rows the one with most votes, the first among equals;
        none where they disagree.

    Raises
    ------
    SettingError, LayoutError
        See `Scheme.checked` and `Scheme.kind_of`; ``soft`` of a scheme without fractions.
    """
    walk = Walk(table, scheme, kind=kind, threshold=threshold, min_votes=min_votes)
    chosen = walk.by_column() if scheme.label else walk.by_cuts()
    row = np.flatnonzero(chosen >= 0)
    names = np.array(walk.names or [""])
    mine, conflicts = _one_each(table, row, names[chosen[row]], walk.n_votes(chosen)[row])
    funnel = dict(walk.funnel)
    funnel["different objects"] = mine.size + len(conflicts)
    if conflicts:
        funnel["not under two labels"] = mine.size
    place = chosen[mine]
    for index, name in enumerate(walk.names):
        funnel[name] = int((place == index).sum())
    if soft and not any(node.fraction for node in scheme.classes):
        raise SettingError(
            f"scheme {scheme.name} has no vote fractions to keep", hint="leave --soft out"
        )
    return Labels(
        scheme=scheme.name,
        scheme_sha256=scheme.sha256,
        kind=walk.kind,
        threshold=walk.threshold,
        min_votes=walk.min_votes,
        row=mine,
        label=names[place],
        fraction=walk.fraction_of(chosen)[mine],
        n_votes=np.nan_to_num(walk.n_votes(chosen)[mine], nan=-1).astype(np.int64),
        soft={n.name: walk.fraction(n)[mine] for n in scheme.classes} if soft else {},
        funnel=funnel,
        steps=walk.steps(),
        conflicts=conflicts,
        warnings=walk.warnings(kind),
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


def _one_each(
    table: CatalogTable, row: np.ndarray, labels: np.ndarray, votes: np.ndarray
) -> tuple[np.ndarray, list[Conflict]]:
    """One row an object, ascending, and the objects whose rows disagree."""
    who = _objects(table, row)
    order = np.argsort(who, kind="stable")
    again = who[order][1:] == who[order][:-1]
    if not again.any():
        return row, []
    repeated = np.isin(who, np.unique(who[order][1:][again]))
    kept = [row[~repeated]]
    conflicts = []
    groups: dict[int, list[int]] = {}
    for index in np.flatnonzero(repeated).tolist():
        groups.setdefault(int(who[index]), []).append(index)
    for members in groups.values():
        named = tuple(str(labels[m]) for m in members)
        if len(set(named)) > 1:
            rows = tuple(int(row[m]) for m in members)
            conflicts.append(Conflict(_name(table, rows[0]), rows, named))
        else:
            most = max(members, key=lambda m: (np.nan_to_num(votes[m], nan=-1), -m))
            kept.append(row[[most]])
    return np.sort(np.concatenate(kept)), conflicts


def _objects(table: CatalogTable, row: np.ndarray) -> np.ndarray:
    """A number for each object: its id; below 0 where only a name, or nothing, tells who it is."""
    who = table.key[row].copy()
    nameless = np.flatnonzero(who == 0)
    if nameless.size:
        names = None if table.name is None else table.name[row[nameless]]
        alone: Sequence | np.ndarray = np.arange(nameless.size)
        if names is not None:
            _, same = np.unique(names, return_inverse=True)
            alone = np.where(names != "", same, nameless.size + np.arange(nameless.size))
        who[nameless] = -1 - np.asarray(alone)
    return who


def _name(table: CatalogTable, row: int) -> str:
    key = int(table.key[row])
    return str(key) if key else str(table.name[row]) if table.name is not None else f"row {row + 1}"
