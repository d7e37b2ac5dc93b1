"""Bad days on demand: what a real service does to its clients, by rate and by seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, fields

from galaxycurate.errors import SettingError

_KINDS = ("error_tile", "status_500", "status_503", "truncate")


@dataclass
class Faults:
    """How often cutouts go wrong.

    Whether a request fails depends on the seed, the request and how often it was made before: the
    same in every run, and a retry has its own luck.

    Parameters
    ----------
    error_tile_rate : float
        HTTP 200 with an error text drawn on black, as real tiles have it.
    status_500_rate, status_503_rate : float
        Server errors; 503 comes with ``Retry-After``.
    truncate_rate : float
        The connection closes after half the body.
    latency_s : float
        Waiting before each answer [s].
    seed : int
    """

    error_tile_rate: float = 0.0
    status_500_rate: float = 0.0
    status_503_rate: float = 0.0
    truncate_rate: float = 0.0
    latency_s: float = 0.0
    seed: int = 0
    _seen: Counter = field(default_factory=Counter, repr=False, compare=False)

    @classmethod
    def of(cls, settings: dict) -> Faults:
        """From a JSON object; what it does not name is off.

        Raises
        ------
        SettingError
            An unknown name, or a rate outside 0 to 1.
        """
        known = [f.name for f in fields(cls) if not f.name.startswith("_")]
        for name, value in settings.items():
            if name not in known:
                raise SettingError(f"there is no fault {name!r}", hint=f"known: {', '.join(known)}")
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or value < 0 or (name.endswith("_rate") and value > 1):
                raise SettingError(f"{name} = {value!r} is outside its range")
        return cls(**settings)

    def next_fault(self, request: str) -> str | None:
        """What befalls this attempt of a request: a kind of fault, or None.

        Parameters
        ----------
        request : str
            What names the request, such as its path and query.

        Returns
        -------
        str or None
            ``error_tile``, ``status_500``, ``status_503`` or ``truncate``.
        """
        rates = [getattr(self, f"{kind}_rate") for kind in _KINDS]
        if not any(rates):
            return None
        self._seen[request] += 1
        luck = _uniform(f"{self.seed}|{request}|{self._seen[request]}")
        for kind, rate in zip(_KINDS, rates, strict=True):
            if luck < rate:
                return kind
            luck -= rate
        return None


def _uniform(text: str) -> float:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
