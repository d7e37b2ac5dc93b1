"""An open review: one person, one queue, and the ledger that takes every decision at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.curation.agreement import AGAIN, Agreement, agreements
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.choice import check_waits, choose, words_on
from galaxycurate.pipeline.review.item import item_of
from galaxycurate.pipeline.review.material import Material, gather
from galaxycurate.pipeline.review.pictures import Pictures
from galaxycurate.pipeline.review.queues import TITLES, Entry, pair_entry
from galaxycurate.pipeline.review.said import Said
from galaxycurate.pipeline.review.shown import check_shown
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

AT_ONCE = 100
"""Items that one question gets at most."""

REASONS = (
    "artefact", "satellite or asteroid trail", "bright star", "cut by the border",
    "not centred", "too faint or too small", "wrong picture", "no galaxy",
)  # fmt: skip
"""Reasons to reject that a key gives; any other can be typed."""


class Session:
    """What one person reviews. Use it as a context manager.

    Nothing is written before the first decision. Its methods are for one thread at a time.

    Parameters
    ----------
    material : Material
    ledger : Ledger
    wanted : Wanted

    Attributes
    ----------
    pictures : Pictures
    queue : Queue
    entries : list of Entry
        In the order in which they are shown.
    reviewer : str
    classes : list of str
    """

    def __init__(self, material: Material, ledger: Ledger, wanted: Wanted):
        self.material, self._ledger, self.wanted = material, ledger, wanted
        self.pictures = Pictures(material)
        self.reviewer = wanted.who
        self._book = Book(ledger.decisions())
        given = sorted({line.label for line in self._book.standing() if line.label})
        self.classes = list(dict.fromkeys([*material.classes, *given, *wanted.classes]))
        self._read = len(self._book)
        self.queue = choose(wanted, material, self._book)
        self.entries = self.queue.entries
        self._places = {self._key(entry): k for k, entry in enumerate(self.entries)}
        self._by_key = {key: self.entries[k] for key, k in self._places.items()}
        self._as_first: set[str] = set()
        self._changed: set[str] = set()
        self._run = 0
        self._told: list[Decision] = []
        self.done = {key for key, entry in self._by_key.items() if self._mine(key, entry)}

    @classmethod
    def open(cls, settings: Settings, wanted: Wanted) -> Session:
        """Open a review.

        Parameters
        ----------
        settings : Settings
        wanted : Wanted

        Returns
        -------
        Session

        Raises
        ------
        InputError
            There are no pictures, or what the queue needs is not there.
        UsageError
            The filter cannot be read.
        """
        material = gather(settings, predictions=wanted.predictions, noise=wanted.noise)
        with ExitStack() as opened:
            ledger = Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
            session = cls(material, opened.enter_context(ledger), wanted)
            opened.pop_all()
        return session

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc) -> None:
        self._ledger.__exit__(*exc)

    def check_waits(self) -> None:
        """Refuse a queue without pictures.

        Raises
        ------
        InputError
            Why there are none, and what to type.
        """
        check_waits(self.queue)

    # ---- which pictures

    def _key(self, entry: Entry) -> str:
        """What a page calls an entry: it tells nothing, and is the same tomorrow."""
        words = "\0".join((entry.path, entry.partner, str(entry.again)))
        return hashlib.blake2b(words.encode(errors="surrogateescape"), digest_size=12).hexdigest()

    def entry(self, key: str) -> Entry:
        """An entry by its key.

        Raises
        ------
        UsageError
            There is none.
        """
        if key not in self._by_key:
            self._add_pairs()
        if key not in self._by_key:
            raise UsageError("no such picture is in this review")
        return self._by_key[key]

    def _add_pairs(self) -> None:
        """All pairs may be looked at from their pictures, and were, perhaps, in another session."""
        known = self.material.pictures.keys()
        for verdict in self.material.records.verdicts:
            if {verdict.path, verdict.partner} <= known:
                entry = pair_entry(verdict)
                self._by_key.setdefault(self._key(entry), entry)

    def path(self, key: str, side: int) -> str:
        """The picture of an entry: 0, or 1 for the partner.

        Raises
        ------
        UsageError
            There is none.
        """
        entry = self.entry(key)
        path = (entry.path, entry.partner)[side] if side in (0, 1) else ""
        if not path:
            raise UsageError("no such picture is in this review")
        return path

    def asked_about(self, key: str, side: int) -> str:
        """The picture of an entry whose objects may be shown: their ids tell what it is.

        Raises
        ------
        UsageError
            There is none, or what is known of it is hidden.
        """
        path = self.path(key, side)
        if self._is_hidden(key, self.entry(key)):
            raise UsageError("the catalogue's objects are hidden until you decide")
        return path

    # ---- what a page is told

    def about(self) -> dict:
        """What a page must know before it shows anything."""
        first = next((k for key, k in self._places.items() if key not in self.done), None)
        mine = [line for line in self._book.standing() if line.reviewer == self.reviewer]
        history = [[line.uid, self._key_of(line)] for line in mine[-500:]]
        if any(key not in self._by_key for _uid, key in history):
            self._add_pairs()
        return {
            "queue": self.queue.name,
            "title": self.queue.title or TITLES.get(self.queue.name, ""),
            "dataset": Path(self.material.settings.dataset).name,
            "reviewer": self.reviewer,
            "blind": self.wanted.blind,
            "simulated": self.material.is_simulated,
            "classes": self.classes,
            "reasons": list(REASONS),
            "total": len(self.entries),
            "decided": len(self.done),
            "first": len(self.entries) if first is None else first,
            "history": [pair for pair in history if pair[1] in self._by_key],
        }

    def items(self, start: int, n: int) -> list[dict]:
        """Some entries as a page shows them, with what others said since.

        Parameters
        ----------
        start, n : int
            At most `AT_ONCE`.

        Returns
        -------
        list of dict
            For JSON.
        """
        self._catch_up()
        start = max(start, 0)
        some = self.entries[start : start + max(0, min(n, AT_ONCE))]
        return [self.shown(self._key(entry)) for entry in some]

    def shown(self, key: str) -> dict:
        """One entry as a page shows it; what is hidden is not in it."""
        entry = self.entry(key)
        mine = self._mine(key, entry)
        item = item_of(entry, self.material, self.pictures)
        if self._is_hidden(key, entry):
            item = item.blind
        is_open = mine is not None or (self.queue.name == "disputed" and not self.wanted.blind)
        return asdict(item) | {
            "key": key,
            "place": self._places.get(key),
            "again": bool(mine and mine.again),
            "mine": mine
            and {n: getattr(mine, n) for n in ("uid", "kind", "label", "reason", "keep")},
            "others": self._others(entry) if is_open else [],
            "twins": [] if entry.partner or item.is_hidden else self._twins(entry.path),
        }

    def _twins(self, path: str) -> list[str]:
        """Keys of the pairs in which dedupe saw a picture."""
        keys = []
        for verdict in self.material.dedupe.get(path, ()):
            if verdict.partner in self.material.pictures:
                entry = pair_entry(verdict)
                key = self._key(entry)
                self._by_key.setdefault(key, entry)
                keys.append(key)
        return list(dict.fromkeys(keys))

    def _is_hidden(self, key: str, entry: Entry) -> bool:
        """Label and score are shown to whoever has decided once, even if that was undone."""
        if not self.wanted.blind:
            return False
        if entry.again:
            return self._mine(key, entry) is None
        return not self._book.has_seen(self.reviewer, entry.path, entry.partner)

    def _mine(self, key: str, entry: Entry) -> Decision | None:
        """What this reviewer decided; of what is disputed only what was said to that."""
        again = entry.again and key not in self._as_first
        mine = [
            line
            for line in words_on(entry, self.material, self._book)
            if line.reviewer == self.reviewer
            and bool(line.again) == again
            and (self.queue.name != "disputed" or line.queue == "disputed")
        ]
        return mine[-1] if mine else None

    def _others(self, entry: Entry) -> list[list[str]]:
        newest = {
            w.reviewer: w
            for w in words_on(entry, self.material, self._book)
            if w.reviewer != self.reviewer
        }
        return [[who or "somebody", word.says] for who, word in newest.items()]

    def _by_others(self, entry: Entry) -> bool:
        return any(
            word.reviewer != self.reviewer for word in words_on(entry, self.material, self._book)
        )

    def _catch_up(self) -> None:
        """Read what was appended since, by this one and by others."""
        new = self._ledger.decisions(after=self._read)
        self._read += len(new)
        for path, partner in self._book.add(new):
            for again in (False, True):
                key = self._key(Entry(path, partner, again=again))
                if key in self._places:
                    self._changed.add(key)
                    is_done = self._mine(key, self._by_key[key]) is not None
                    (self.done.add if is_done else self.done.discard)(key)

    def _key_of(self, line: Decision) -> str:
        return self._key(Entry(line.path, line.partner, again=bool(line.again)))

    # ---- what a person says

    def decide(self, messages: Sequence[Mapping]) -> dict:
        """Take decisions, all of them or none; when this returns, they are in the ledger.

        Parameters
        ----------
        messages : sequence of mapping
            Each with ``uid``, ``key``, ``kind``, and what that needs: ``label``, ``reason``,
            ``keep`` or ``undoes``; ``took_ms``. A uid that was taken before changes nothing.

        Returns
        -------
        dict
            The entries as they are now (``items``), how many are ``decided``, and the places of
            entries that others decided on since, where those are not to be shown (``taken``).

        Raises
        ------
        UsageError
            One is not what it should be; nothing was written.
        StorageError
            The ledger did not take them.
        """
        told = [Said.read(message) for message in messages]
        lines = [self._line(said) for said in told]
        new = [line for line in lines if self._book.get(line.uid) is None]
        if new:
            self._run = self._run or self._ledger.start("review", self._parameters())
            self._ledger.decide(self._run, new)
            self._told += new
        self._catch_up()
        both = zip(told, lines, strict=True)
        keys = list(dict.fromkeys(said.key or self._key_of(line) for said, line in both))
        taken, self._changed = self._changed.difference(keys), set()
        return {
            "items": [self.shown(key) for key in keys if key in self._by_key],
            "decided": len(self.done),
            "taken": self._to_skip(taken),
        }

    def _to_skip(self, keys: set[str]) -> list[int]:
        """The places of entries that somebody else decided on, where those are not to be shown."""
        if not self.wanted.skip_decided:
            return []
        return sorted(self._places[key] for key in keys if self._by_others(self._by_key[key]))

    def _line(self, said: Said) -> Decision:
        if (known := self._book.get(said.uid)) is not None:
            return known
        if said.kind is DecisionKind.UNDO:
            return self._undoing(said.uid, said.undoes)
        entry = self.entry(said.key)
        if said.kind is DecisionKind.LABEL and said.label not in self.classes:
            raise UsageError(f"no class is called {said.label!r}")
        sha256, partner_sha256 = check_shown(entry, said, self.material, self._ledger)
        is_pair, of_pair = bool(entry.partner), said.kind is DecisionKind.PAIR
        if is_pair != of_pair and said.kind is not DecisionKind.UNSURE:
            raise UsageError("a pair is decided on by what to keep, a picture by what it shows")
        return Decision(
            uid=said.uid, path=entry.path, kind=said.kind, partner=entry.partner,
            label=said.label, reason=said.reason, keep=said.keep, reviewer=self.reviewer,
            queue=self.queue.name, sha256=sha256, partner_sha256=partner_sha256,
            blind=int(self._is_hidden(said.key, entry)), again=int(self._is_again(said.key, entry)),
            took_ms=said.took_ms,
        )  # fmt: skip

    def _is_again(self, key: str, entry: Entry) -> bool:
        """Whether it is a second look: one at what was passed over, or of which nothing could be
        said, is the first. It is shown as answered in this review; another one asks once more.
        """
        if not entry.again or key in self._as_first:
            return False
        first = words_on(entry, self.material, self._book)
        is_second = any(
            w.reviewer == self.reviewer and not w.again and w.kind is not DecisionKind.UNSURE
            for w in first
        )
        if not is_second:
            self._as_first.add(key)
        return is_second

    def _undoing(self, uid: str, undoes: str) -> Decision:
        """A line that takes one back; one of another person's is not to be undone."""
        old = self._book.get(undoes)
        if old is None or old.reviewer != self.reviewer:
            raise UsageError("there is no such decision of yours to undo")
        return Decision(
            uid=uid, path=old.path, kind=DecisionKind.UNDO, partner=old.partner, undoes=undoes,
            reviewer=self.reviewer, queue=self.queue.name, sha256=old.sha256,
            partner_sha256=old.partner_sha256, again=old.again,
        )  # fmt: skip

    def _parameters(self) -> dict:
        wanted = self.wanted
        return {
            "queue": self.queue.name, "filter": wanted.filter, "reviewer": self.reviewer,
            "blind": wanted.blind, "second_look": wanted.second_look,
        }  # fmt: skip

    @property
    def agreement(self) -> Agreement | None:
        """How the reviewer's second looks agree with the first ones; None without any."""
        mine = [line for line in self._book.standing() if line.reviewer == self.reviewer]
        return next((one for one in agreements(mine) if one.second.endswith(AGAIN)), None)

    @property
    def said(self) -> dict[str, int]:
        """What was decided since this was opened and stands, by kind; pictures given another class
        are ``other label``.
        """
        counts: Counter[str] = Counter()
        for line in self._told:
            if line.kind is not DecisionKind.UNDO and self._book.stands(line.uid):
                label = self.material.outcome(line.path).label
                is_other = line.kind is DecisionKind.LABEL and line.label != label
                counts["other label" if is_other else str(line.kind)] += 1
        return dict(counts)
