"""A decision as a page sends it: checked before it becomes a line of the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from galaxycurate.core.decision import DecisionKind, Keep
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.wanted import cleaned

_UID = re.compile(r"[0-9a-f]{32}\Z")
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Said:
    """What a page says.

    Parameters
    ----------
    uid, key : str
        Of the decision, and of the entry that it is about.
    kind : DecisionKind
    label, reason, keep, undoes : str
        What the kind needs; empty otherwise.
    sha256, partner_sha256 : str
        Of the pictures that were shown.
    took_ms : int
    """

    uid: str
    key: str
    kind: DecisionKind
    label: str = ""
    reason: str = ""
    keep: str = ""
    undoes: str = ""
    sha256: str = ""
    partner_sha256: str = ""
    took_ms: int = 0

    @classmethod
    def read(cls, message: Mapping) -> Said:
        """Check a message.

        Raises
        ------
        UsageError
            It is not what it should be.
        """
        uid, key, name, label, reason, keep, undoes = (
            _text(message, word)
            for word in ("uid", "key", "kind", "label", "reason", "keep", "undoes")
        )
        if not _UID.match(uid):
            raise UsageError("the decision has no uid")
        kind = _kind(name)
        if kind is DecisionKind.PAIR and keep not in list(Keep):
            raise UsageError("keep is path, partner or both")
        return cls(
            uid, key, kind,
            label if kind is DecisionKind.LABEL else "",
            cleaned(reason) if kind is DecisionKind.REJECT else "",
            keep if kind is DecisionKind.PAIR else "",
            undoes if kind is DecisionKind.UNDO else "",
            _text(message, "sha256"), _text(message, "partner_sha256"),
            _took(message.get("took_ms", 0)),
        )  # fmt: skip


def _text(message: Mapping, name: str) -> str:
    value = message.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{name} is no text")
    return value


def _kind(name: str) -> DecisionKind:
    try:
        return DecisionKind(name)
    except ValueError:
        raise UsageError("no such kind of decision") from None


def _took(value: object) -> int:
    whole = value if isinstance(value, int) and not isinstance(value, bool) else 0
    return min(max(whole, 0), _DAY_MS)
