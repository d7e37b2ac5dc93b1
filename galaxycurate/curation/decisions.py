"""What people's decisions come to: undone lines, several reviewers, agreement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from galaxycurate.core.decision import Decision, DecisionKind, Keep

DISPUTED = "reviewers disagree"
OTHER_KEPT = "a person keeps the other of a pair"


@dataclass(frozen=True)
class Settled:
    """What all decisions about a picture come to.

    Parameters
    ----------
    use : bool
        Whether splits use it, whatever the audit holds against it.
    label : str
        The class that people gave it; empty where they said nothing of it.
    why : str
        In words, for a person.
    ground : str
        Why it is not used, without names: to be counted by.
    is_beside : bool
        Kept by people who saw it beside its twin: what dedupe holds against it counts no more.
    """

    use: bool
    label: str = ""
    why: str = ""
    ground: str = ""
    is_beside: bool = False

    @property
    def is_disputed(self) -> bool:
        """Whether reviewers disagree, so that nobody's word counts."""
        return self.ground == DISPUTED


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that count: no undone ones, and no lines that undo.

    Parameters
    ----------
    decisions : iterable of Decision
        In the order of the ledger.

    Returns
    -------
    list of Decision
        In that order.
    """
    undone: set[str] = set()
    left: list[Decision] = []
    for decision in reversed(list(decisions)):
        if decision.uid in undone:
            continue
        if decision.kind is DecisionKind.UNDO:
            undone.add(decision.undoes)
        else:
            left.append(decision)
    return left[::-1]


def newest_of_each(decisions: Iterable[Decision]) -> dict[tuple[str, str, str], Decision]:
    """The last word of each reviewer on each picture, or pair.

    Parameters
    ----------
    decisions : iterable of Decision
        Those that stand.

    Returns
    -------
    dict of (str, str, str) to Decision
        By path, partner and reviewer; second looks and doubts are no word.
    """
    return {
        (d.path, d.partner, d.reviewer): d
        for d in decisions
        if not d.again and d.kind is not DecisionKind.UNSURE
    }


def settle(decisions: Iterable[Decision], sha256: Mapping[str, str]) -> dict[str, Settled]:
    """What decisions come to, picture by picture.

    The word that most reviewers gave counts. Where no word has more than another, the picture is
    disputed, and splits leave it out until somebody decides. What is said of a picture by itself
    and in pairs adds up: its class is that of the one, and it is used where nothing speaks
    against it.

    Parameters
    ----------
    decisions : iterable of Decision
        All of the ledger.
    sha256 : mapping of str to str
        Of the pictures that there are, by path: decisions on an older picture do not count.

    Returns
    -------
    dict of str to Settled
        By path; pictures that nobody decided on are absent.
    """
    said: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    turned = [one_way(decision) for decision in standing(decisions)]
    for (path, partner, _reviewer), decision in newest_of_each(turned).items():
        if decision.sha256 in ("", sha256.get(path), sha256.get(partner)):
            said[path, partner].append(decision)
    found: dict[str, Settled] = {}
    for (path, partner), words in sorted(said.items()):
        told = _of_pair(path, partner, words) if partner else {path: _of_one(words)}
        for one, settled in told.items():
            found[one] = _both(found[one], settled) if one in found else settled
    return found


def one_way(decision: Decision) -> Decision:
    """A decision on a pair as if its pictures had stood in the order of their paths.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    Decision
        The same where it is in that order, or is on no pair.
    """
    if not decision.partner or decision.path <= decision.partner:
        return decision
    other: dict[str, str] = {Keep.PATH: Keep.PARTNER, Keep.PARTNER: Keep.PATH}
    keep = other.get(decision.keep, decision.keep)
    return replace(decision, path=decision.partner, partner=decision.path, keep=keep)


def _both(one: Settled, other: Settled) -> Settled:
    """What two words about one picture come to: what speaks against it has the last."""
    first, last = sorted((one, other), key=lambda settled: not settled.use)
    return Settled(
        last.use,
        one.label or other.label,
        last.why if not last.use else f"{first.why}, {last.why}",
        last.ground,
        one.is_beside or other.is_beside,
    )


def _of_one(words: Sequence[Decision]) -> Settled:
    word = _winner(words)
    if word is None:
        return Settled(False, why=f"{DISPUTED}: {_tally(words)}", ground=DISPUTED)
    by = ", ".join(sorted({d.reviewer for d in words if d.says == word.says} - {""}))
    who = f" by {by}" if by else ""
    if word.kind is DecisionKind.REJECT:
        reason = word.reason or "no reason given"
        return Settled(False, why=f"rejected{who}: {reason}", ground=f"rejected: {reason}")
    return Settled(True, word.label, f"{word.label}{who}")


def _of_pair(path: str, partner: str, words: Sequence[Decision]) -> dict[str, Settled]:
    word = _winner(words)
    if word is None:
        why = f"{DISPUTED} on the pair {path}, {partner}: {_tally(words)}"
        return {partner: Settled(False, why=why, ground=DISPUTED)}
    keeps = {path: word.keep != Keep.PARTNER, partner: word.keep != Keep.PATH}
    other = {path: partner, partner: path}
    return {
        one: Settled(True, why=f"kept beside {other[one]}", is_beside=True)
        if use
        else Settled(False, why=f"a person keeps {other[one]}", ground=OTHER_KEPT)
        for one, use in keeps.items()
    }


def _winner(words: Sequence[Decision]) -> Decision | None:
    ranked = Counter(d.says for d in words).most_common()
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return None
    return next(d for d in reversed(words) if d.says == ranked[0][0])


def _tally(words: Sequence[Decision]) -> str:
    return ", ".join(f"{d.reviewer or 'somebody'} {d.says}" for d in words)


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


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two people's words about the same things.

    Parameters
    ----------
    pairs : sequence of (str, str)

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
    said: dict[str, dict[tuple[str, str, str], str]] = defaultdict(dict)
    for d in map(one_way, standing(decisions)):
        who = f"{d.reviewer}, again" if d.again else d.reviewer
        said[who][d.path, d.partner, d.sha256] = d.says
    firsts = sorted(who for who in said if not who.endswith(", again"))
    wanted = [*combinations(firsts, 2)]
    wanted += [(who, f"{who}, again") for who in firsts if f"{who}, again" in said]
    found = []
    for first, second in wanted:
        shared = sorted(said[first].keys() & said[second].keys())
        pairs = [(said[first][key], said[second][key]) for key in shared]
        agreed = sum(a == b for a, b in pairs)
        if pairs:
            found.append(Agreement(first, second, len(pairs), agreed, cohen_kappa(pairs)))
    return found
