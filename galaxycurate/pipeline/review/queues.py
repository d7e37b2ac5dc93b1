"""Which pictures wait for a person, in what order, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.decisions import last_words, settle
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.order import shuffled

PAIRS = "pairs"
_SUSPECTED = (VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE)
_GRAVE = (VerdictKind.CONFLICT, VerdictKind.WRONG_IMAGE)
_SURE = (VerdictKind.EXACT_FILE, VerdictKind.SAME_PIXELS)


@dataclass(frozen=True)
class Queue:
    """Pictures that wait.

    Parameters
    ----------
    name, title : str
        The word to type, and what it holds.
    entries : list of Entry
    empty : str
        Why there are none.
    hint : str
        What to type then.
    note: str
        What a person should know of a filter.
    """

    name: str
    title: str
    entries: list[Entry] = field(default_factory=list)
    empty: str = ""
    hint: str = ""
    note: str = ""


def _unreviewed(material: Material, _book: Book) -> Iterator[Entry]:
    for one in material.survivors:
        yield Entry(one.path)


def _contaminated(material: Material, _book: Book) -> Iterator[Entry]:
    suspected: dict[str, Verdict] = {}
    for path, verdicts in material.audit.items():
        for verdict in verdicts:
            worse = verdict.kind in _SUSPECTED and (
                path not in suspected or _brightness(verdict) < _brightness(suspected[path])
            )
            if worse:
                suspected[path] = verdict
    negatives_first = sorted(
        suspected.values(), key=lambda v: (not material.is_negative(v.path), _brightness(v))
    )
    for verdict in negatives_first:
        yield Entry(verdict.path, why=f"{verdict.kind}: {verdict.evidence}", verdict=verdict)


def _brightness(verdict: Verdict) -> tuple[int, float, float, str]:
    """Contaminated before borderline, bright objects first, then what pixels are surest of."""
    magnitude = verdict.mag_r or 99.0
    return _SUSPECTED.index(verdict.kind), magnitude, -verdict.score, verdict.path


def _pairs(material: Material, _book: Book) -> Iterator[Entry]:
    strongest: dict[frozenset[str], Verdict] = {}
    for verdict in material.records.verdicts:
        known = {verdict.path, verdict.partner} <= material.pictures.keys()
        if known and verdict.kind is not VerdictKind.NEAR_FIELD:  # nothing in them is to be seen
            strongest.setdefault(frozenset((verdict.path, verdict.partner)), verdict)
    for verdict in sorted(strongest.values(), key=_doubt):
        yield pair_entry(verdict)


def pair_entry(verdict: Verdict) -> Entry:
    """The entry of a pair: both in the order of their paths, whichever way it was found."""
    path, partner = sorted((verdict.path, verdict.partner))
    return Entry(path, partner, f"{verdict.kind}: {in_words(verdict)}", verdict=verdict)


def in_words(verdict: Verdict) -> str:
    """What a verdict rests on."""
    if verdict.kind is VerdictKind.OVERLAP:
        shared = f"{verdict.amount:.0%} of the sky, by position"
        return f"{shared}; {verdict.evidence}" if verdict.evidence else shared
    return verdict.evidence or "nothing speaks against it"


def _doubt(verdict: Verdict) -> tuple:
    """Grave pairs first, then those that may be false, the weakest evidence first."""
    kind = verdict.kind
    rank = 0 if kind in _GRAVE else 2 if kind is VerdictKind.OVERLAP else 3 if kind in _SURE else 1
    amount = -verdict.amount if rank == 2 else verdict.amount  # of shared sky the most
    return rank, -verdict.fdr, amount, verdict.path, verdict.partner


def _noise(material: Material, _book: Book) -> Iterator[Entry]:
    for doubt in material.doubts:
        why = f"a network says {doubt.suggested} (p = {doubt.p_suggested:.2f}"
        why += f", of its own label {doubt.p_label:.2f})"
        yield Entry(doubt.path, why=why, suggested=doubt.suggested)


def _errors(material: Material, _book: Book) -> Iterator[Entry]:
    for path in sorted(material.rejected):
        one = material.unkept[path]
        said = ": ".join(word for word in (str(one.status), one.reason, one.detail) if word)
        yield Entry(path, why=said)


def _random(material: Material, _book: Book) -> Iterator[Entry]:
    yield from shuffled(list(_unreviewed(material, _book)), material.settings.seed)


def _disputed(material: Material, book: Book) -> Iterator[Entry]:
    sha256 = {path: one.sha256 for path, one in material.pictures.items()}
    for (path, partner), words in last_words(book.standing(), sha256).items():
        if path not in material or (partner and partner not in material):
            continue
        for settled in settle(words, sha256).values():
            if settled.is_disputed:
                yield Entry(path, partner, settled.why, verdict=_of_pair(material, path, partner))


def _of_pair(material: Material, path: str, partner: str) -> Verdict | None:
    both = {path, partner}
    verdicts = material.dedupe.get(path, ())
    return next((v for v in verdicts if {v.path, v.partner} == both), None)


_LIST: dict[str, tuple[Callable[[Material, Book], Iterable[Entry]], str, str, str]] = {
    "unreviewed": (
        _unreviewed, "every picture, from the first that you have not decided on",
        "no picture was kept", "galaxycurate status",
    ),
    "contaminated": (
        _contaminated, "what the audit calls contaminated or borderline, negatives first",
        "the audit suspects no picture, or there was none", "galaxycurate audit",
    ),
    PAIRS: (
        _pairs, "pairs that show the same thing or sky, the most doubtful first",
        "dedupe found no pair to look at, or did not run", "galaxycurate dedupe",
    ),
    "noise": (
        _noise, "labels that networks doubt, the worst first",
        "networks doubt no label of this dataset", "python -m train folds",
    ),
    "errors": (
        _errors, "what was not kept, as far as its bytes are there",
        "of what was not kept no bytes are there, or all was kept",
        "galaxycurate config set keep_rejects 1, then galaxycurate download",
    ),
    "random": (
        _random, "every picture in a random order: a spot check",
        "no picture was kept", "galaxycurate status",
    ),
    "disputed": (
        _disputed, "what reviewers disagree about",
        "reviewers disagree about nothing", "galaxycurate split",
    ),
}  # fmt: skip
NAMES = tuple(_LIST)
"""Queues that can be asked for."""

TITLES = {name: about[1] for name, about in _LIST.items()}
"""What each of them holds."""


def queue_of(name: str, material: Material, book: Book) -> Queue:
    """One queue with all that waits in it.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    material : Material
    book : Book

    Returns
    -------
    Queue

    Raises
    ------
    UsageError
        No queue is called so.
    InputError
        What the queue needs is not there.
    """
    check_name(name)
    make, title, empty, hint = _LIST[name]
    return Queue(name, title, list(make(material, book)), empty, hint)


def check_name(name: str) -> None:
    """Refuse a queue that there is not.

    Raises
    ------
    UsageError
        No queue is called so.
    """
    if name in _LIST:
        return
    import difflib

    near = difflib.get_close_matches(name, NAMES, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no queue is called {name!r}", hint=f"{meant}queues: {', '.join(NAMES)}")
