"""How people agree: with each other, and with their own second looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from galaxycurate.core.decision import Decision
from galaxycurate.curation.decisions import one_way, standing

AGAIN = ", again"
"""Ends the name of a reviewer's second looks."""


@dataclass(frozen=True)
class Agreement:
    """How two rows of decisions agree.

    Parameters
    ----------
    first, second : str
        Who, or which look.
    n : int
        Pictures that both decided.
    agreed : int
    kappa : float or None
        Cohen's: 1 perfect, 0 as by chance; None where chance alone would always agree, or nothing
        is shared.
    """

    first: str
    second: str
    n: int
    agreed: int
    kappa: float | None


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two people's words about the same things.

    Parameters
    ----------
    pairs : sequence of (hashable, hashable)

    Returns
    -------
    float or None
        Source: Cohen 1960, Educational and Psychological Measurement 20, 37.
    """
    n = len(pairs)
    if not n:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[word] * second[word] for word in first) / n**2
    seen = sum(a == b for a, b in pairs) / n
    return None if chance == 1 else (seen - chance) / (1 - chance)


def agreements(decisions: Iterable[Decision]) -> list[Agreement]:
    """Each reviewer's agreement with every other, and with their own second looks.

    Parameters
    ----------
    decisions : iterable of Decision
        All of the ledger.

    Returns
    -------
    list of Agreement
        Reviewers by name; a second look is called ``NAME, again``.
    """
    said: dict[str, dict[tuple[str, ...], tuple[str, str]]] = defaultdict(dict)
    for d in map(one_way, standing(decisions)):
        who = d.reviewer + AGAIN if d.again else d.reviewer
        said[who][d.path, d.partner, d.sha256, d.partner_sha256] = d.word
    firsts = sorted(who for who in said if not who.endswith(AGAIN))
    wanted = [*combinations(firsts, 2)]
    wanted += [(who, who + AGAIN) for who in firsts if who + AGAIN in said]
    found = []
    for first, second in wanted:
        shared = sorted(said[first].keys() & said[second].keys())
        pairs = [(said[first][key], said[second][key]) for key in shared]
        agreed = sum(a == b for a, b in pairs)
        if pairs:
            found.append(Agreement(first, second, len(pairs), agreed, cohen_kappa(pairs)))
    return found
