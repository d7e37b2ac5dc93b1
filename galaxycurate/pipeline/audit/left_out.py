"""Which images splits leave out: what dedupe and the audit hold against them."""

from __future__ import annotations

from collections.abc import Iterable

from galaxycurate.core.outcome import Verdict
from galaxycurate.core.words import many
from galaxycurate.errors import InputError
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.store.ledger import Ledger

COMMANDS = ("dedupe", "audit")

LEFT_ALONE = "left_alone"
"""Of an audit's parameters: the labels there were whose images no audit has looked at."""


def held_against(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """What verdicts hold against images, before people are asked.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Of the newest runs.

    Returns
    -------
    dict of str to list of Verdict
        Those that do not keep an image, by its path.
    """
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.keep:
            found.setdefault(verdict.path, []).append(verdict)
    return found


def left_out(ledger: Ledger) -> dict[str, str]:
    """The images that the newest verdicts do not keep, whatever people decided.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    dict of str to str
        Why, by path; where both commands hold something against an image, what dedupe does.
    """
    verdicts = (verdict for command in COMMANDS for verdict in ledger.verdicts(command))
    return {path: why(some[0]) for path, some in held_against(verdicts).items()}


def why(verdict: Verdict) -> str:
    """What a verdict says, in a line."""
    return f"{verdict.kind}: {verdict.evidence}" if verdict.evidence else str(verdict.kind)


def unaudited(kept: Kept, ledger: Ledger) -> list[str]:
    """Images that came, or whose picture changed, after the last audit.

    Parameters
    ----------
    kept : Kept
    ledger : Ledger

    Returns
    -------
    list of str
        Their paths. None where no audit ever was, and none of labels that the audits there were
        left alone.
    """
    last = ledger.last_run("audit")
    if last is None:
        return []
    left_alone = set(last["parameters"].get(LEFT_ALONE, ()))
    looked_at = {verdict.path: verdict.sha256 for verdict in ledger.verdicts("audit")}
    return [
        o.path
        for o in kept.outcomes
        if o.label not in left_alone and looked_at.get(o.path) != o.sha256
    ]


def wants_audit(ledger: Ledger) -> bool:
    """Whether an audit comes before the next split: none was ever, or images came after it.

    Who once made a split without any audit is not asked for one again.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    bool
    """
    if ledger.last_run("audit") is None:
        return ledger.last_run("split") is None
    return ledger.changed_since("audit")


def refuse_unaudited(kept: Kept, ledger: Ledger) -> None:
    """Refuse images that nobody audited where the others were.

    Raises
    ------
    InputError
        Some came, or changed, after the last audit.
    """
    new = unaudited(kept, ledger)
    if new:
        raise InputError(
            f"{many(len(new), 'image')} came or changed after the last audit "
            f"(the first is {new[0]})",
            hint="galaxycurate audit, then split again",
        )
