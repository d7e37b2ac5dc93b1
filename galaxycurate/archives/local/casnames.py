"""How CAS calls its tables and columns, and which of them a file holds; after `casnames.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import files

from galaxycurate.archives.local.idcheck import is_id
from galaxycurate.errors import LayoutError

BANDS = "ugriz"
_TYPES = {
    "bigint": "BIGINT",
    "ubigint": "UBIGINT",
    "int": "INTEGER",  # smallint and tinyint as well: their products do not overflow then
    "real": "FLOAT",
    "float": "DOUBLE",
    "varchar": "VARCHAR",
}
_FLAGS = {"flags": ("OBJC_FLAGS", "OBJC_FLAGS2")} | {
    f"flags_{band}": (f"FLAGS_{band}", f"FLAGS2_{band}") for band in BANDS
}
"""CAS keeps in 64 bits what the pipeline writes as two columns of 32."""


@dataclass(frozen=True)
class CasTable:
    """A table of CAS: its key, and the spelling and type of each column."""

    name: str
    told_by: list[list[str]]
    key: list[str]
    columns: dict[str, tuple[str, str]]
    patterns: dict[str, str]
    alias: dict[str, str]

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Columns by their name without underscores; those that are written so go first."""
        return {_plain(name): name for name in sorted(self.columns, key=lambda n: -n.count("_"))}

    def column(self, name: str) -> tuple[str, str] | None:
        """Spelling and DuckDB type of a column.

        Parameters
        ----------
        name : str
            In any case, with or without underscores, or a name of the pipeline's FITS files.

        Returns
        -------
        (str, str) or None
            None when CAS has no such column.
        """
        if name.lower() in self.columns:
            return self.columns[name.lower()]
        plain = _plain(name)
        if plain in self.spellings:
            return self.columns[self.spellings[plain]]
        if plain in self.alias:
            return self.columns.get(self.alias[plain].lower())
        if plain[:-1] in self.alias and name[-2:-1] == "_":
            return self.columns.get(f"{self.alias[plain[:-1]]}_{plain[-1]}".lower())
        for pattern, kind in self.patterns.items():
            if fnmatchcase(name.lower(), pattern):
                return name.lower(), kind
        return None

    def select(self, source: dict[str, str]) -> tuple[dict[str, str], list[str]]:
        """The columns of CAS that a source holds.

        Parameters
        ----------
        source : dict of str to str
            DuckDB type by column.

        Returns
        -------
        expressions : dict of str to str
            SQL by CAS name.
        left_out : list of str
            Columns that the table does not have in CAS.
        """
        expressions, left_out = {}, []
        upper = {name.upper(): name for name in source}
        for name, (low, high) in _FLAGS.items():
            if self.name == "PhotoObjAll" and {low.upper(), high.upper()} <= set(upper):
                low, high = upper.pop(low.upper()), upper.pop(high.upper())
                expressions[name] = (
                    f'"{high}"::BIGINT * 4294967296 + ("{low}"::BIGINT & 4294967295)'
                )
        for name in upper.values():
            found = self.column(name)
            if found is None or found[0] in expressions:
                left_out.append(name)
            else:
                cas_name, kind = found
                expressions[cas_name] = _converted(name, source[name], cas_name, kind)
        return expressions, left_out


def tables() -> dict[str, CasTable]:
    """The tables of `casnames.toml`, by name."""
    return _read()


def told_by_columns(names: list[str], *, where: str) -> CasTable:
    """Which table of CAS has such columns.

    Parameters
    ----------
    names : list of str
        Columns of a file.
    where : str
        The file, for the message.

    Returns
    -------
    CasTable

    Raises
    ------
    LayoutError
        None of those that are known here.
    """
    for table in tables().values():
        mine = {_plain(found[0]) for name in names if (found := table.column(name))}
        for needed in table.told_by:
            if all(any(fnmatchcase(m, _plain(n)) for m in mine) for n in needed):
                return table
    raise LayoutError(
        f"{where}: its columns do not tell its table: {', '.join(names[:8])}",
        hint=f"if it is one of these, name it with --table: {', '.join(tables())}",
    )


@cache
def _read() -> dict[str, CasTable]:
    text = (files(__package__) / "casnames.toml").read_text(encoding="utf-8")
    return {name: _table(name, about) for name, about in tomllib.loads(text).items()}


def _table(name: str, about: dict) -> CasTable:
    columns, patterns = {}, {}
    for kind, duck in _TYPES.items():
        for word in about.get(kind, "").split():
            if word.endswith("_*"):
                for band in BANDS:
                    columns[f"{word[:-1]}{band}".lower()] = (f"{word[:-1]}{band}", duck)
            elif "*" in word:
                patterns[word] = duck
            else:
                columns[word.lower()] = (word, duck)
    alias = {_plain(other): cas for other, cas in about.get("alias", {}).items()}
    return CasTable(name, about.get("told_by", []), about["key"], columns, patterns, alias)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _converted(name: str, have: str, cas_name: str, kind: str) -> str:
    """SQL that gives the column the type of CAS; what is no id ends the statement."""
    if have != "VARCHAR":
        return f'CAST("{name}" AS {kind})'
    text = f"""NULLIF(trim("{name}"), '')"""
    if kind == "VARCHAR" or not is_id(cas_name):
        return f"CAST({text} AS {kind})"
    good = f"{text} IS NULL OR regexp_full_match({text}, '[+-]?[0-9]+')"
    exact = f"CASE WHEN {good} THEN CAST({text} AS {kind}) ELSE error('no id') END"
    return f"COALESCE({exact}, 0)" if cas_name == "parentID" else exact
