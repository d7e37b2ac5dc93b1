"""The catalogues that are known by name: `entries/*.toml`, one file each, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import PurePath

from galaxycurate.errors import InputError


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``name`` is the documented one in lower case, ``aliases`` what files call it besides;
    ``kind`` is ``id`` (the objID of the row's galaxy), ``key`` (another id of 64 bits: a spectrum,
    a companion), ``name``, ``ra``, ``dec``, ``fraction`` (0 to 1), ``count``, ``flag``, ``number``
    or ``text``.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoteFile:
    """A file that holds a table or its images, where it is offered; unknown facts are empty or 0.

    ``checksum`` is ``sha256:...`` or ``md5:...``. ``role`` is ``table``, ``copy`` (the same in
    another format), ``mapping`` (which image shows which row) or ``images``; ``login`` says that
    nobody gets it without one.
    """

    name: str
    url: str
    n_bytes: int = 0
    checksum: str = ""
    role: str = "table"
    login: bool = False


@dataclass(frozen=True)
class Layout:
    """A table of a catalogue: how its files look.

    Parameters
    ----------
    name : str
        The release's own, such as ``GalaxyZoo1_DR_table2`` or ``zooSpec``.
    catalog : str
    title : str
    rows : int
        As published; 0 where unknown.
    columns : tuple of Column
    needs : tuple of str
        Columns by which it is recognised: all of them; ``*`` stands for anything, ``|`` for "or",
        and ``!`` begins what no column besides its own may be called.
    files : tuple of RemoteFile
    vizier : str
        Its name at VizieR, a second source; empty for none.
    cas : str
        Its name in CAS, where SQL reaches it; empty for none.
    shape : str
        ``csv``, ``fixed`` (column positions), ``words`` (separated by blanks), ``json``, ``hdf5``.
    options : mapping
        What the shape needs besides, such as widths, or the side of the images [pixels].
    """

    name: str
    catalog: str
    title: str
    rows: int
    columns: tuple[Column, ...]
    needs: tuple[str, ...]
    files: tuple[RemoteFile, ...] = ()
    vizier: str = ""
    cas: str = ""
    shape: str = "csv"
    options: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def documented(self) -> dict[str, str]:
        """The documented name by every name in lower case that files use for it."""
        others = {alias.lower(): c.name for c in self.columns for alias in c.aliases}
        return others | {c.name: c.name for c in self.columns}

    def names_in(self, columns: Iterable[str]) -> dict[str, str]:
        """The documented name of each column of a file that has one, by the file's own spelling.

        Of two columns with one documented name the one that bears it is taken, else the first.
        """
        plain = {column: column.strip().lower() for column in columns}
        own = sorted(plain, key=lambda column: self.documented.get(plain[column]) != plain[column])
        taken: dict[str, str] = {}
        for column in own:
            if name := self.documented.get(plain[column]):
                taken.setdefault(name, column)
        found = {column: name for name, column in taken.items()}
        return {column: found[column] for column in plain if column in found}

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether the columns of a file hold all that it needs, and nothing that it must not."""
        columns = list(columns)
        names = self.names_in(columns)
        others = [column.strip().lower() for column in columns if column not in names]
        return all(
            not _one_of(need[1:], others) if need.startswith("!") else _one_of(need, names.values())
            for need in self.needs
        )


@dataclass(frozen=True)
class Catalog:
    """A catalogue with its tables.

    ``scheme`` is the label scheme that is used when none is named; ``images`` tells how pictures
    join the rows; ``cite`` holds one line a paper.
    """

    name: str
    title: str
    about: str
    licence: str
    cite: tuple[str, ...]
    images: str
    scheme: str
    tables: tuple[Layout, ...]


@lru_cache(maxsize=1)
def catalogs() -> tuple[Catalog, ...]:
    """The catalogues that are known, the largest first."""
    folder = files("galaxycurate.catalogs").joinpath("entries")
    entries = sorted(
        (e for e in folder.iterdir() if e.name.endswith(".toml")), key=lambda e: e.name
    )
    read = [_catalog(tomllib.loads(entry.read_text(encoding="utf-8"))) for entry in entries]
    return tuple(sorted(read, key=lambda catalog: -max(t.rows for t in catalog.tables)))


def find(name: str) -> Catalog:
    """The catalogue of that name, or the one that a table of that name belongs to.

    Raises
    ------
    InputError
        There is none; the hint names what is close.
    """
    return _named(name)[0]


def layout(name: str) -> Layout:
    """The table of that name, or the first one of the catalogue of that name.

    Raises
    ------
    InputError
        There is none; the hint names what is close.
    """
    return _named(name)[1]


def recognise(columns: Sequence[str], *, file_name: str = "", side: int = 0) -> Layout | None:
    """The table that a file holds, as its columns tell.

    Of all whose needs are met the one wins that knows most of the columns, then the one of which
    fewest are missing, then the first. A file called as one of them is that one.

    Parameters
    ----------
    columns : sequence of str
        As the file spells them.
    file_name : str
        With or without folder and endings.
    side : int
        Of the images [pixels] that lie in the same file; 0 where there are none.

    Returns
    -------
    Layout or None
        None for a table of the user's own.
    """
    best: tuple[tuple[bool, int, int], Layout] | None = None
    stem = PurePath(file_name).name.split(".")[0].lower()
    for one in (table for catalog in catalogs() for table in catalog.tables):
        if one.options.get("side", 0) == side and one.fits(columns):
            names = one.names_in(columns)
            merit = (stem == one.name.lower(), len(names), len(names) - len(one.columns))
            if best is None or merit > best[0]:
                best = merit, one
    return best[1] if best else None


def _one_of(patterns: str, names: Iterable[str]) -> bool:
    several = patterns.split("|")
    return any(fnmatchcase(name, one) for name in names for one in several)


def _named(name: str) -> tuple[Catalog, Layout]:
    both = {catalog.name.lower(): (catalog, catalog.tables[0]) for catalog in catalogs()}
    both |= {t.name.lower(): (c, t) for c in catalogs() for t in c.tables if t.name not in both}
    if name.lower() in both:
        return both[name.lower()]
    import difflib

    spelled = {key: key if key == c.name else t.name for key, (c, t) in both.items()}
    near = difflib.get_close_matches(name.lower(), both, n=2)
    raise InputError(
        f"no catalogue or table is called {name!r}",
        hint=f"did you mean {' or '.join(spelled[key] for key in near)}?"
        if near
        else "galaxycurate catalogs list shows those that are",
    )


def _catalog(entry: dict) -> Catalog:
    columns = {name: _column(name, about) for name, about in entry["columns"].items()}
    answers = tuple(_answers(entry.get("answers", {}), entry.get("endings", {})))
    tables = tuple(_layout(table, entry["name"], columns, answers) for table in entry["tables"])
    return Catalog(
        name=entry["name"],
        title=entry["title"],
        about=entry["about"],
        licence=entry["licence"],
        cite=tuple(entry["cite"]),
        images=entry.get("images", ""),
        scheme=entry.get("scheme", ""),
        tables=tables,
    )


def _layout(
    table: dict, catalog: str, columns: Mapping[str, Column], answers: tuple[Column, ...]
) -> Layout:
    own = {name: _column(name, about) for name, about in table.get("own", {}).items()}
    listed = tuple({**columns, **own}[name] for name in table["columns"])
    return Layout(
        name=table["name"],
        catalog=catalog,
        title=table["title"],
        rows=table.get("rows", 0),
        columns=listed + (answers if table.get("answers") else ()),
        needs=tuple(table["needs"]),
        files=tuple(RemoteFile(**file) for file in table.get("files", [])),
        vizier=table.get("vizier", ""),
        cas=table.get("cas", ""),
        shape=table.get("shape", "csv"),
        options=table.get("options", {}),
    )


def _column(name: str, about: list[str]) -> Column:
    kind, unit, meaning, *aliases = about
    return Column(name, kind, unit, meaning, tuple(aliases))


def _answers(answers: Mapping[str, str], endings: Mapping[str, list[str]]) -> Iterable[Column]:
    """A tree's columns: each answer with each ending."""
    for answer, words in answers.items():
        for ending, (kind, meaning) in endings.items():
            task = answer[1:3]
            yield Column(f"{answer}_{ending}", kind, "", meaning.format(answer=words, task=task))
