"""A page of the pairs by which a split leaks, with their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from galaxycurate.pipeline.split.check import Checked, Leak
from galaxycurate.web.pairs import ShownPair
from galaxycurate.web.pairs import write as write_pairs

MOST = 60
"""Pairs of a kind that are shown."""


def write(page: Path, found: Checked) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    page : Path
        The HTML file.
    found : Checked

    Returns
    -------
    Path
        The file.
    """
    title = f"Leaks of {found.root.name}" if found.leaks else f"No leaks in {found.root.name}"
    lead = f"{found.summary}."
    hidden = len(found.leaks) - sum(min(n, MOST) for n in found.kinds.values())
    if hidden:
        lead += f" Of each kind {MOST} pairs are shown; {hidden:,} more are in the list (--json)."
    return write_pairs(page, title, _shown(found), lead, simulated=found.is_simulated)


def _shown(found: Checked) -> Iterator[ShownPair]:
    told: dict[str, int] = {}
    for leak in found.leaks:
        told[leak.kind] = told.get(leak.kind, 0) + 1
        if told[leak.kind] <= MOST:
            yield _pair(found, leak, leak.kind)
    for leak in found.conflicts[:MOST]:
        yield _pair(found, leak, "one thing under two labels")


def _pair(found: Checked, leak: Leak, kind: str) -> ShownPair:
    bodies = [(found.root / path).read_bytes() for path in (leak.first, leak.second)]
    return ShownPair(
        bodies[0], bodies[1], (leak.first, leak.second), leak.evidence, kind,
        leak.dx, leak.dy, leak.flip, leak.scale, leak.is_placed,
    )  # fmt: skip
