"""What people's decisions come to: undone lines, older pictures, several reviewers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from galaxycurate.core.decision import Decision, DecisionKind, Keep

DISPUTED = "reviewers disagree"
OTHER_KEPT = "a person keeps the other of a pair"


@dataclass(frozen=True)
class Settled:
    """What all decisions about a picture come to.

    Parameters
    ----------
    use : bool
        Whether people let splits use it. Where they gave no class and kept it beside nothing, they
        say nothing against what dedupe and the audit hold against it.
    label : str
        The class that people gave it; empty where they said nothing of it.
    why : str
        In words, for a person.
    ground : str
        Why it is not used, or that reviewers disagree on a pair, without names: to be counted by.
    beside : frozenset of str
        The pictures beside which, or instead of which, people kept it: what dedupe holds against
        it because of these counts no more.
    is_rejected : bool
        Whether people rejected it by itself, whatever they say of its pairs.
    """

    use: bool
    label: str = ""
    why: str = ""
    ground: str = ""
    beside: frozenset[str] = frozenset()
    is_rejected: bool = False

    @property
    def is_disputed(self) -> bool:
        """Whether reviewers disagree on it, so that nobody's word counts."""
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


def is_current(decision: Decision, sha256: Mapping[str, str]) -> bool:
    """Whether a decision is on the pictures that there are now.

    Parameters
    ----------
    decision : Decision
    sha256 : mapping of str to str
        Of these, by path. A line that tells of no picture is on any.

    Returns
    -------
    bool
        Of a pair both must be the same still.
    """
    both = ((decision.path, decision.sha256), (decision.partner, decision.partner_sha256))
    return all(shown in ("", sha256.get(path)) for path, shown in both)


def last_words(
    decisions: Iterable[Decision], sha256: Mapping[str, str]
) -> dict[tuple[str, str], list[Decision]]:
    """The last word of each reviewer on each picture, or pair.

    Parameters
    ----------
    decisions : iterable of Decision
        All of the ledger.
    sha256 : mapping of str to str
        Of the pictures that there are, by path: what was said of an older one is no word, whenever
        it came into the ledger.

    Returns
    -------
    dict of (str, str) to list of Decision
        By path and partner, in the order of the paths. Second looks are no word, and who says last
        that nothing can be said has none.
    """
    newest = {
        (d.path, d.partner, d.reviewer): d
        for d in map(one_way, standing(decisions))
        if not d.again and is_current(d, sha256)
    }
    said: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for (path, partner, _reviewer), decision in newest.items():
        if decision.kind is not DecisionKind.UNSURE:
            said[path, partner].append(decision)
    return dict(sorted(said.items()))


def settle(decisions: Iterable[Decision], sha256: Mapping[str, str]) -> dict[str, Settled]:
    """What decisions come to, picture by picture.

    The word that most reviewers gave counts. Where no word has more than another, the picture is
    disputed, and splits leave it out until somebody decides; of a disputed pair stays what dedupe
    chose. What is said of a picture by itself and in pairs adds up: its class is that of the one,
    and it is used where nothing speaks against it.

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
    found: dict[str, Settled] = {}
    for (path, partner), words in last_words(decisions, sha256).items():
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
    return replace(
        decision, path=decision.partner, partner=decision.path, keep=keep,
        sha256=decision.partner_sha256, partner_sha256=decision.sha256,
    )  # fmt: skip


def _both(one: Settled, other: Settled) -> Settled:
    """What two words about one picture come to: what speaks against it has the last."""
    first, last = sorted((one, other), key=lambda s: (not s.use, s.is_disputed, s.is_rejected))
    return Settled(
        last.use,
        one.label or other.label,
        last.why if not last.use else f"{first.why}, {last.why}",
        last.ground,
        one.beside | other.beside,
        one.is_rejected or other.is_rejected,
    )


def _of_one(words: Sequence[Decision]) -> Settled:
    word = _winner(words)
    if word is None:
        return Settled(False, why=f"{DISPUTED}: {_tally(words)}", ground=DISPUTED)
    by = ", ".join(sorted({d.reviewer for d in words if d.word == word.word} - {""}))
    who = f" by {by}" if by else ""
    if word.kind is DecisionKind.REJECT:
        reason = word.reason or "no reason given"
        why, ground = f"rejected{who}: {reason}", f"rejected: {reason}"
        return Settled(False, why=why, ground=ground, is_rejected=True)
    return Settled(True, word.label, f"{word.label}{who}")


def _of_pair(path: str, partner: str, words: Sequence[Decision]) -> dict[str, Settled]:
    word = _winner(words)
    if word is None:
        why = f"{DISPUTED} on the pair {path}, {partner}: {_tally(words)}"
        return {partner: Settled(True, why=why, ground=DISPUTED)}
    stays = {path: word.keep != Keep.PARTNER, partner: word.keep != Keep.PATH}
    how = "kept beside" if all(stays.values()) else "kept instead of"
    other = {path: partner, partner: path}
    return {
        one: Settled(True, why=f"{how} {other[one]}", beside=frozenset({other[one]}))
        if use
        else Settled(False, why=f"a person keeps {other[one]}", ground=OTHER_KEPT)
        for one, use in stays.items()
    }


def _winner(words: Sequence[Decision]) -> Decision | None:
    ranked = Counter(d.word for d in words).most_common()
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return None
    return next(d for d in reversed(words) if d.word == ranked[0][0])


def _tally(words: Sequence[Decision]) -> str:
    return ", ".join(f"{d.reviewer or 'somebody'} {d.says}" for d in words)
