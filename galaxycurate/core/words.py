"""Counts and sizes in words."""

from __future__ import annotations

_UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def many(n: int, one: str, more: str = "") -> str:
    """A count with its noun: ``1 pair``, ``2,000 pairs``.

    Parameters
    ----------
    n : int
    one : str
        The noun of one.
    more : str
        That of several; that of one with an s.

    Returns
    -------
    str
    """
    return f"{n:,} {one if n == 1 else more or f'{one}s'}"


def size(n_bytes: float) -> str:
    """Bytes in the largest unit of which there is one at least: ``3.5 MB``.

    Parameters
    ----------
    n_bytes : float

    Returns
    -------
    str
    """
    for unit, scale in _UNITS:
        if n_bytes >= scale:
            return f"{n_bytes / scale:,.1f} {unit}"
    return many(round(n_bytes), "byte")
