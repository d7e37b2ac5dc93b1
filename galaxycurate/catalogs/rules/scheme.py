"""Label schemes: how votes become labels, one TOML file a scheme (docs/schemes.md teaches it)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from galaxycurate.catalogs.rules.expression import Expression
from galaxycurate.errors import LayoutError, SettingError

THRESHOLD = "threshold"
_CLASS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*\Z")


@dataclass(frozen=True)
class Node:
    """A class, or a branch on the way to classes: rows that pass its parent's cuts and its own.

    Its fraction is the least along the path, its share of all volunteers their product; its votes
    are its own, else its parent's. ``rest`` marks the class of those that are in no other.
    """

    name: str
    within: str = ""
    cuts: tuple[Expression, ...] = ()
    fraction: Expression | None = None
    votes: Expression | None = None
    rest: bool = False

    @property
    def needs(self) -> set[str]:
        """Short names of the columns without which it cannot be decided."""
        return set().union(*(e.names for e in (*self.cuts, self.fraction) if e)) - {THRESHOLD}


@dataclass(frozen=True)
class Scheme:
    """How the columns of a catalogue become labels.

    Parameters
    ----------
    name, title, source, warning : str
        ``source`` cites the papers; ``warning`` is said wherever the scheme is used.
    catalogs : tuple of str
        Whose tables it reads.
    sha256 : str
        Of the file's text.
    min_votes : int
        Volunteers at least; 0 where votes are not counted.
    threshold : float or None
        The default; None where the scheme has none.
    sample, size_px : int or None
        Rows and side of a cutout [pixel], where the scheme asks for something else than the
        settings' defaults.
    kinds : mapping of str to str
        Endings that stand for ``{kind}`` in the columns; the first is the default.
    columns : mapping of str to str
        Documented column by short name.
    votes : Expression or None
        How many volunteers decided, unless a class says otherwise.
    branches : mapping of str to Node
    classes : tuple of Node
    choose : str
        Who fits several classes is in none (``only``), in the ``first``, or in that of the
        ``largest`` fraction.
    label : str
        A column that holds labels, instead of classes.
    labels : mapping of str to str
        Label by value of that column; empty: the values are the labels.
    """

    name: str
    title: str
    source: str
    warning: str
    catalogs: tuple[str, ...]
    sha256: str
    min_votes: int
    threshold: float | None
    sample: int | None
    size_px: int | None
    kinds: Mapping[str, str]
    columns: Mapping[str, str]
    votes: Expression | None
    branches: Mapping[str, Node]
    classes: tuple[Node, ...]
    choose: str
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Its labels; empty where a column holds them under names of its own."""
        named = [node.name for node in self.classes] or self.labels.values()
        return tuple(dict.fromkeys(named))

    def column(self, short: str, kind: str) -> str:
        """The documented column of a short name."""
        return self.columns[short].replace("{kind}", self.kinds.get(kind, ""))

    def required(self, kind: str) -> list[str]:
        """Documented columns without which no row gets a label."""
        if self.label:
            return [self.label]
        needed = set().union(*(node.needs for node in (*self.classes, *self.branches.values())))
        return list(dict.fromkeys(self.column(n, kind) for n in self.columns if n in needed))

    def reads(self, available: Collection[str], kind: str = "") -> bool:
        """Whether a table's columns tell something, and all that it needs."""
        required = self.required(kind)
        return bool(required) and set(required) <= set(available)

    def kind_of(self, kind: str | None, available: Collection[str], where: str = "") -> str:
        """Which fractions to take: the kind asked for, else the first that is there.

        Parameters
        ----------
        kind : str or None
        available : collection of str
            Documented names of the columns that the table has.
        where : str
            The table, for messages.

        Returns
        -------
        str
            Empty for a scheme without kinds.

        Raises
        ------
        SettingError
            No such kind.
        LayoutError
            Columns are missing; the text names them.
        """
        kinds = list(self.kinds) or [""]
        if kind and kind not in kinds:
            raise SettingError(
                f"scheme {self.name} knows no {kind} votes",
                hint="--votes " + " or ".join(kinds) if self.kinds else "leave --votes out",
            )
        missing = {k: [c for c in self.required(k) if c not in available] for k in kinds}
        for one in [kind] if kind else kinds:
            if not missing[one]:
                return one
        where = where or "the table"
        there = [k for k in kinds if not missing[k]]
        if there:
            raise LayoutError(
                f"{where} holds no {kind} vote fractions, only {' and '.join(there)} ones",
                hint=f"--votes {there[0]}",
            )
        from galaxycurate.catalogs.rules.shipped import fitting  # reads all schemes, for the hint

        lacks = ", ".join(missing[kind or kinds[0]][:4])
        others = [n for n in fitting(available) if n != self.name]
        raise LayoutError(
            f"{where} lacks what scheme {self.name} reads: {lacks}",
            hint=f"--scheme {' or '.join(others[:3])} can read it, or give another table"
            if others
            else "a scheme of your own tells which columns hold votes: --scheme FILE.toml",
        )

    def wants(self, kind: str | None, available: Collection[str], where: str = "") -> list[str]:
        """Documented columns to read from a table.

        Parameters
        ----------
        kind, available, where
            See `kind_of`.

        Returns
        -------
        list of str
            All that are required, and those of the others (numbers of votes) that are there.

        Raises
        ------
        SettingError, LayoutError
            See `kind_of`.
        """
        chosen = self.kind_of(kind, available, where)
        required = self.required(chosen)
        more = [self.column(short, chosen) for short in self.columns]
        return list(dict.fromkeys([*required, *(c for c in more if c in available)]))

    def checked(self, threshold: float | None) -> float | None:
        """The threshold to take, the scheme's own where none is given.

        Raises
        ------
        SettingError
            The scheme has none; or it is above 1, or so low that galaxies could be in two classes.
        """
        if threshold is None or threshold == self.threshold:
            return self.threshold
        if self.threshold is None:
            raise SettingError(
                f"scheme {self.name} has no threshold: its cuts are fixed",
                hint="leave --threshold out, or copy the scheme's file and change its cuts",
            )
        least = 0.5 if self.choose == "only" else 0.0
        if least < threshold <= 1:
            return float(threshold)
        twice = ": at a half or less one galaxy could be in two classes"
        raise SettingError(
            f"threshold = {threshold:g} must be above {least:g} and at most 1"
            + (twice if least and threshold <= least else ""),
            hint="--threshold 0.85 takes galaxies on whose class at least 85 % agreed",
        )

    def least_votes(self, min_votes: int | None) -> int:
        """How many volunteers are needed, the scheme's own number where none is given.

        Raises
        ------
        SettingError
            Nothing in the scheme counts them.
        """
        if min_votes is None:
            return self.min_votes
        nodes = (*self.branches.values(), *self.classes)
        if min_votes and not (self.votes or any(node.votes for node in nodes)):
            raise SettingError(
                f"scheme {self.name} counts no votes: {min_votes} of them cannot be asked for",
                hint="leave --min-votes out (galaxycurate config show tells where it is set)",
            )
        return min_votes

    def path(self, node: Node) -> list[Node]:
        """The branches that lead to a node, from the root, and the node itself."""
        above = self.path(self.branches[node.within]) if node.within else []
        return [*above, node]


def is_class_name(text: str) -> bool:
    """Whether a class can be called so: it becomes a folder."""
    return bool(_CLASS_NAME.match(text))
