"""The schemes that come with galaxycurate, and those of a user's own, by name."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.rules.schemefile import read
from galaxycurate.errors import SettingError

FOLDER = Path(__file__).parents[1] / "schemes"


def names() -> list[str]:
    """The schemes that come with galaxycurate."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def fitting(available: Collection[str]) -> list[str]:
    """Those of them whose columns are all there.

    Parameters
    ----------
    available : collection of str
        Documented names of the columns that a table has.

    Returns
    -------
    list of str
    """
    known = (load(name) for name in names())
    return [
        scheme.name
        for scheme in known
        if any(scheme.reads(available, kind) for kind in scheme.kinds or [""])
    ]


def load(name_or_path: str) -> Scheme:
    """A scheme by its name, or from a file of the user's own.

    Parameters
    ----------
    name_or_path : str
        Such as ``gz1-binary`` or ``mine.toml``.

    Returns
    -------
    Scheme

    Raises
    ------
    InputError
        No such file, or it is no TOML.
    SettingError
        No such scheme, or something in the file is wrong; the text names file, class and key.
    """
    own = Path(name_or_path)
    if own.suffix == ".toml":
        return read(own)
    if name_or_path not in names():
        near = difflib.get_close_matches(name_or_path, names(), n=1)
        raise SettingError(
            f"no scheme is called {name_or_path!r}",
            hint=f"did you mean {near[0]}?"
            if near
            else f"known are {', '.join(names())}; one of your own is FILE.toml",
        )
    return read(FOLDER / f"{name_or_path}.toml")
