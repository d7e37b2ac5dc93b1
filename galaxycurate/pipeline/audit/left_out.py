"""Which images splits leave out: what dedupe and the audit hold against them."""

from __future__ import annotations

from galaxycurate.store.ledger import Ledger

COMMANDS = ("dedupe", "audit")


def left_out(ledger: Ledger) -> dict[str, str]:
    """The images that the newest verdicts do not keep.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    dict of str to str
        Why, by path; where both commands hold something against an image, what dedupe does.
    """
    reasons: dict[str, str] = {}
    for command in COMMANDS:
        for verdict in ledger.verdicts(command):
            if not verdict.keep:
                reasons.setdefault(verdict.path, _why(str(verdict.kind), verdict.evidence))
    return reasons


def _why(kind: str, evidence: str) -> str:
    return f"{kind}: {evidence}" if evidence else kind
