"""How the rows of a collection get their labels: a column of the table, or votes by a scheme."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from galaxycurate.catalogs.rules import labels as votes
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.rules.shipped import load
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.errors import InputError, LayoutError, SettingError

_LABEL_NAMES = ("label", "class", "gz1_leaf", "gz1_class")
_EMPTY = ("", "nan", "<NA>", "None")


@dataclass(frozen=True)
class ByColumn:
    """Labels that stand in the table.

    Parameters
    ----------
    column : str, optional
        When its name does not tell.
    classes : mapping of str to sequence of str
        New label -> labels (or patterns such as ``spiral_*``) of the table that become it; what
        no class names is left out. Empty: the table's labels as they stand.
    id_column : str, optional
        Column of the objIDs, when its name does not tell.
    """

    column: str | None = None
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    id_column: str | None = None


@dataclass(frozen=True)
class ByVotes:
    """Labels by a scheme of `galaxycurate.catalogs.schemes`, or of a file.

    Parameters
    ----------
    scheme : str
    kind : {'debiased', 'raw'}, optional
    threshold, min_votes : optional
        The scheme's own by default.
    soft : bool
        Keep the vote fractions of all classes.
    """

    scheme: str
    kind: str | None = None
    threshold: float | None = None
    min_votes: int | None = None
    soft: bool = False


@dataclass(frozen=True)
class Labelled:
    """Rows of a table that have a label.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
    label : ndarray of str, shape (m,)
    source : str
        Where the labels come from, in a few words.
    cuts : dict
        The same for the header of a manifest.
    columns : dict of str to sequence
        What else a manifest says about the votes.
    left_out : Counter
        Rows without a label, by reason.
    funnel : dict of str to int
        Rows left after each cut of the scheme.
    conflicts : list
        Objects whose rows disagree.
    warnings : list of str
    """

    row: np.ndarray
    label: np.ndarray
    source: str
    cuts: dict[str, object]
    columns: dict[str, Sequence] = field(default_factory=dict)
    left_out: Counter = field(default_factory=Counter)
    funnel: dict[str, int] = field(default_factory=dict)
    conflicts: list[votes.Conflict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def by_votes(table: CatalogTable, by: ByVotes, scheme: Scheme | None = None) -> Labelled:
    """Label rows by their votes.

    Parameters
    ----------
    table : CatalogTable
        With the columns that the scheme wants.
    by : ByVotes
    scheme : Scheme, optional
        When it is loaded already.

    Returns
    -------
    Labelled
    """
    scheme = scheme or load(by.scheme)
    found = votes.label(
        table, scheme, kind=by.kind, threshold=by.threshold, min_votes=by.min_votes, soft=by.soft
    )
    columns: dict[str, Sequence] = dict(found.columns(table.catalog))
    del columns["label"], columns["label_source"]  # of the images that are found, by the joining
    return Labelled(
        row=found.row,
        label=found.label,
        source=found.source,
        cuts=found.cuts,
        columns=columns,
        left_out=Counter(found.left_out),
        funnel=found.funnel,
        conflicts=found.conflicts,
        warnings=found.warnings,
    )


def by_column(table: CatalogTable, by: ByColumn) -> Labelled:
    """Take labels as they stand in the table, or by classes.

    Raises
    ------
    LayoutError
        There is no such column.
    InputError, SettingError
        A class names a label that no row has; two classes name one.
    """
    names = [by.column.lower()] if by.column else _LABEL_NAMES
    column = next((n for n in names if n in table.columns), "")
    if not column:
        raise LayoutError(
            f"{table.source} has no column "
            + (f"{by.column!r}" if by.column else "called label or class"),
            hint="name it with --label-column; there are " + ", ".join([*table.columns][:12]),
        )
    old = as_text(table.columns[column])
    known = {text: _class_of(text, by.classes) for text in set(old) if text not in _EMPTY}
    unused = [
        p for patterns in by.classes.values() for p in patterns
        if not any(fnmatchcase(text, p) for text in known)
    ]  # fmt: skip
    if unused:
        raise InputError(
            f"no row of {table.source} has the label {unused[0]!r} in column {column}",
            hint="the labels there are " + ", ".join(sorted(known)[:12]),
        )
    new = [known.get(text) for text in old]
    row = np.array([k for k, name in enumerate(new) if name is not None], np.int64)
    empty = sum(text in _EMPTY for text in old)
    return Labelled(
        row=row,
        label=np.array([name for name in new if name is not None], str),
        source=f"import {table.source.rpartition('/')[2]}",
        cuts={
            "classes": {k: list(v) for k, v in by.classes.items()},
            "label_column": by.column or "",
        },
        left_out=+Counter(
            {"empty label": empty, "no class names its label": len(new) - row.size - empty}
        ),
    )


def as_text(values: np.ndarray) -> list[str]:
    """Cells as text; whole numbers that were read as floats have no point."""
    return [
        str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in values.tolist()
    ]


def _class_of(text: str, classes: Mapping[str, Sequence[str]]) -> str | None:
    if not classes:
        return text
    fits = [new for new, old in classes.items() if any(fnmatchcase(text, p) for p in old)]
    if len(fits) > 1:
        raise SettingError(
            f"the label {text!r} would become both {fits[0]} and {fits[1]}",
            hint="give each label of the table to one --class",
        )
    return fits[0] if fits else None
