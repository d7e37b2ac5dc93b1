"""What a person decided about a picture, or about a pair of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DecisionKind(StrEnum):
    """What a person said."""

    LABEL = "label"  # this class is right: the one it has, or another
    REJECT = "reject"  # no picture for this dataset, for a reason
    PAIR = "pair"  # of two pictures: keep one of them, or both
    UNSURE = "unsure"  # looked at; nothing can be said
    UNDO = "undo"  # an earlier line counts no more; undone itself, that line counts again


class Keep(StrEnum):
    """Which picture of a pair stays."""

    PATH = "path"
    PARTNER = "partner"
    BOTH = "both"


@dataclass(frozen=True)
class Decision:
    """One decision: a line of the ledger, never changed.

    Parameters
    ----------
    uid : str
        Made by who decides (32 hex digits); a line that comes twice is one line.
    path : str
        The picture, as in `galaxycurate.core.outcome.Outcome`.
    kind : DecisionKind
    label : str
        The class, of ``LABEL``.
    reason : str
        Of ``REJECT``.
    partner : str
        The other picture, of ``PAIR``.
    keep : str
        A `Keep`, of ``PAIR``.
    undoes : str
        The uid of the line that ``UNDO`` takes back.
    reviewer : str
    queue : str
        Where the picture stood.
    sha256 : str
        The picture that was looked at, as the ledger then knew it; of another one the decision
        says nothing.
    partner_sha256 : str
        The same of the partner; empty in lines from before it was kept.
    blind : int
        1 where label and score were hidden.
    again : int
        1 for a second look: it measures agreement, and decides nothing.
    took_ms : int
        From the picture's appearance.
    time_utc : str
        When the ledger took it; empty before.
    """

    uid: str
    path: str
    kind: DecisionKind
    label: str = ""
    reason: str = ""
    partner: str = ""
    keep: str = ""
    undoes: str = ""
    reviewer: str = ""
    queue: str = ""
    sha256: str = ""
    partner_sha256: str = ""
    blind: int = 0
    again: int = 0
    took_ms: int = 0
    time_utc: str = ""

    @property
    def says(self) -> str:
        """What it comes to, in one word, for a person."""
        said = {DecisionKind.LABEL: self.label, DecisionKind.PAIR: self.keep}
        return said.get(self.kind, str(self.kind))

    @property
    def word(self) -> tuple[str, str]:
        """What it comes to: two people agree where these are equal; a class may be called as a
        kind is.
        """
        return str(self.kind), self.says
