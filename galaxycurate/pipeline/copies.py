"""Of pictures that are copies of one another one is used, whatever people put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from galaxycurate.core.outcome import TWINS, Verdict, VerdictKind
from galaxycurate.curation.decisions import Settled

SAME = (*TWINS, VerdictKind.CONFLICT)
"""Kinds of verdicts on two pictures of one thing."""


def things(against: Mapping[str, list[Verdict]], settled: Mapping[str, Settled]) -> list[set[str]]:
    """Which images dedupe holds for one thing, two or more.

    Parameters
    ----------
    against : mapping of str to list of Verdict
        What dedupe and audit hold against images, by path.
    settled : mapping of str to Settled
        What people's words come to: what they kept beside one another is linked no more.

    Returns
    -------
    list of set of str
        Their paths; none where nobody decided anything.
    """
    links: dict[str, list[str]] = defaultdict(list)
    for path, verdicts in against.items() if settled else ():
        for one in verdicts:
            if one.kind in SAME and one.partner and not _are_both_kept(path, one.partner, settled):
                links[path].append(one.partner)
                links[one.partner].append(path)
    left, found = set(links), []
    while left:
        thing, waiting = set[str](), [left.pop()]
        while waiting:
            thing.add(path := waiting.pop())
            waiting += left.intersection(links[path])
            left.difference_update(links[path])
        found.append(thing)
    return found


def outnumbered(
    thing: Collection[str],
    *,
    dropped: Collection[str],
    out: Collection[str],
    settled: Mapping[str, Settled],
) -> dict[str, str]:
    """The copies that people put back one by one, though another of the same thing is used.

    Who keeps a picture instead of its copy says nothing of a third one, which nobody saw beside it.

    Parameters
    ----------
    thing : collection of str
        Images of one thing.
    dropped : collection of str
        Those that dedupe left out, at least.
    out : collection of str
        Images that are left out now.
    settled : mapping of str to Settled

    Returns
    -------
    dict of str to str
        By path, the one that is used in its place: the one that dedupe chose, or else the first
        by path.
    """
    used = sorted(path for path in thing if path not in out)
    stay = [path for path in used if path not in dropped]
    found: dict[str, str] = {}
    for path in (one for one in used if one in dropped):
        rivals = [other for other in stay if not _are_both_kept(path, other, settled)]
        if rivals:
            found[path] = rivals[0]
        else:
            stay.append(path)
    return found


def _are_both_kept(one: str, other: str, settled: Mapping[str, Settled]) -> bool:
    sides = (settled.get(one), other), (settled.get(other), one)
    return all(words is not None and path in words.beside for words, path in sides)
