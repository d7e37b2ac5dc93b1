"""Bad days on demand: what a real service does to its clients, by number, by rate and by seed."""

from __future__ import annotations

import hashlib
from collections import Counter

from galaxycurate.errors import SettingError

KINDS = {
    "cutout": ("error_tile", "status_500", "status_503", "truncate"),
    "frame": ("frame_500", "frame_503", "frame_drop", "frame_truncate", "frame_cut"),
    "sql": ("sql_503", "sql_throttle", "sql_timeout", "sql_drop", "sql_truncate", "sql_cut"),
    "casjobs": ("casjobs_503", "token_expired", "casjobs_drop", "casjobs_truncate", "casjobs_cut"),
    "quick": ("too_large",),
    "job": ("job_failed", "job_canceled", "name_taken"),
}
"""What can befall a request, by the place that it asks.

``*_500`` is the service's own failure, ``*_503`` an HTML page in front of it; after ``*_drop`` the
service did what it was asked, but hangs up without a word; ``*_truncate`` hangs up after half the
body, ``*_cut`` ends it there as if it were whole. ``quick`` are the synchronous queries of CasJobs,
``job`` its jobs.
"""

NUMBERS = {
    "latency_s": 0.0,  # before each cutout
    "sql_latency_s": 0.0,  # before each answer of SqlSearch
    "sql_max_rows": 500_000,
    "quick_cells": 500_000,  # rows x columns of a synchronous answer of CasJobs
    "queue_s": 0.0,  # a job stays Ready
    "job_s": 0.0,  # a job stays Started
    "token_uses": 0,  # a token is good for so many calls of CasJobs; 0: for ever
    "token_s": 0.0,  # and for so long; 0: for ever
    "seed": 0,
}
"""What else a person may set, with what it is on a good day."""


class Faults:
    """What goes wrong, and how often.

    Whether a request fails by rate depends on the seed, the request and how often it was made
    before: the same in every run, and a retry has its own luck.

    Parameters
    ----------
    settings : dict
        ``<kind>_first``: so many requests fail from now on; those of several kinds of one place
        fail one kind after the other. ``<kind>_rate``: the share of the others that fails. And the
        `NUMBERS`. What is not named is off.

    Raises
    ------
    SettingError
        An unknown name, or a value outside its range.
    """

    def __init__(self, settings: dict | None = None):
        self.settings = dict(settings or {})
        for name, value in self.settings.items():
            _check(name, value)
        self._left = Counter({n: v for n, v in self.settings.items() if n.endswith("_first")})
        self._seen: Counter[str] = Counter()

    def __getitem__(self, name: str) -> float:
        """One of the `NUMBERS`."""
        return self.settings.get(name, NUMBERS[name])

    def next_fault(self, place: str, request: str) -> str | None:
        """What befalls this attempt of a request.

        Parameters
        ----------
        place : str
            See `KINDS`.
        request : str
            What names the request, such as its path and query.

        Returns
        -------
        str or None
            One of the place's kinds of fault, or None.
        """
        for kind in KINDS[place]:
            if self._left[f"{kind}_first"] > 0:
                self._left[f"{kind}_first"] -= 1
                return kind
        rates = {kind: self.settings.get(f"{kind}_rate", 0.0) for kind in KINDS[place]}
        if not any(rates.values()):
            return None
        self._seen[request] += 1
        luck = _uniform(f"{self['seed']}|{request}|{self._seen[request]}")
        for kind, rate in rates.items():
            if luck < rate:
                return kind
            luck -= rate
        return None


def _check(name: str, value: object) -> None:
    kinds = [kind for place in KINDS.values() for kind in place]
    known = [*NUMBERS, *(f"{kind}_{how}" for kind in kinds for how in ("first", "rate"))]
    if name not in known:
        raise SettingError(f"there is no fault {name!r}", hint=f"known: {', '.join(known)}")
    whole = name.endswith("_first") or isinstance(NUMBERS.get(name), int)
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not number or value < 0 or (name.endswith("_rate") and value > 1):  # type: ignore[operator]
        raise SettingError(f"{name} = {value!r} is outside its range")


def _uniform(text: str) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
