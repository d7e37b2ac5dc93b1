"""Amounts of memory as people write them."""

from __future__ import annotations

import re

from galaxycurate.errors import SettingError

_UNITS = {"": 1e-6, "k": 1e-3, "m": 1.0, "g": 1e3, "t": 1e6}
_LEAST_MB = 50


def megabytes(text: str) -> int:
    """Megabytes in words such as ``2GB``, ``500 MB`` or ``1.5g``.

    Raises
    ------
    SettingError
        It is no amount, or less than 50 MB.
    """
    found = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?)i?b?\s*", text.lower())
    try:
        amount = float(found[1]) * _UNITS[found[2]] if found else 0.0
    except ValueError:
        amount = 0.0
    if amount < _LEAST_MB:
        raise SettingError(
            f"memory = {text!r} is no amount from {_LEAST_MB} MB up", hint="such as 2GB, or 500MB"
        )
    return int(amount)
