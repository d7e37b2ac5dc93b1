"""An open review: one person, one queue, and the ledger that takes every decision at once."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.curation.agreement import AGAIN, Agreement, agreements
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.choice import check_waits, choose
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.looks import Looks, key_of_line
from galaxycurate.pipeline.review.material import Material, gather
from galaxycurate.pipeline.review.pictures import Pictures
from galaxycurate.pipeline.review.progress import Progress
from galaxycurate.pipeline.review.said import Said
from galaxycurate.pipeline.review.taken import Taken
from galaxycurate.pipeline.review.told import Told
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.files import check_writable, unwritable
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

AT_ONCE = 100
"""Items that one question gets at most."""


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
    looks : Looks
    progress : Progress
    reviewer : str
    classes : list of str
    """

    def __init__(self, material: Material, ledger: Ledger, wanted: Wanted):
        self.material, self._ledger, self.wanted = material, ledger, wanted
        self.pictures = Pictures(material)
        self.reviewer = wanted.who
        self.book = Book(ledger.decisions())
        self._read = len(self.book)
        given = sorted({line.label for line in self.book.standing() if line.label})
        self.classes = list(dict.fromkeys([*material.classes, *given, *wanted.classes]))
        self.queue = choose(wanted, material, self.book)
        self.looks = Looks(self.queue.entries, material)
        self.progress = Progress(self.looks, self.book, material, self.queue, wanted)
        self._told = Told(self.progress, material, self.pictures, self.queue, wanted)
        self._taken = Taken(self.progress, material, ledger, self.queue.name, self.classes)
        self._changed: set[str] = set()
        self._run = 0
        self._new: list[Decision] = []

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

    @property
    def entries(self) -> list[Entry]:
        """What is shown, in its order."""
        return self.looks.entries

    def check_waits(self) -> None:
        """Refuse a queue without pictures.

        Raises
        ------
        InputError
            Why there are none, and what to type.
        """
        check_waits(self.queue)

    def check_takes(self) -> None:
        """Refuse to ask a person for what could not be written.

        Raises
        ------
        StorageError
            The ledger is a file, and it or its folder cannot be written.
        """
        if (file := self._ledger.file) is not None:
            check_writable(file.parent)
            if file.exists() and not os.access(file, os.W_OK):
                raise unwritable(file, PermissionError(errno.EACCES, "permission denied"))

    # ---- what a page asks

    def about(self) -> dict:
        """What a page must know before it shows anything."""
        return self._told.about(self.classes)

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
        return [self.shown(self.looks.key(entry)) for entry in some]

    def shown(self, key: str) -> dict:
        """One entry as a page shows it; what is hidden is not in it."""
        return self._told.shown(key)

    def path(self, key: str, side: int) -> str:
        """The picture of an entry: 0, or 1 for the partner.

        Raises
        ------
        UsageError
            There is none.
        """
        return self.looks.path(key, side)

    def asked_about(self, key: str, side: int) -> str:
        """The picture of an entry whose objects may be shown: their ids tell what it is.

        Raises
        ------
        UsageError
            There is none, or what is known of it is hidden.
        """
        path = self.path(key, side)
        if self.progress.is_hidden(key, self.looks.entry(key)):
            raise UsageError("the catalogue's objects are hidden until you decide")
        return path

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
        lines = [self._taken.line(said) for said in told]
        each = {line.uid: line for line in lines}  # one may be there twice
        new = [line for uid, line in each.items() if self.book.get(uid) is None]
        if new:
            self._run = self._run or self._ledger.start("review", self._parameters())
            self._ledger.decide(self._run, new)
            self._new += new
        self._catch_up()
        both = zip(told, lines, strict=True)
        keys = list(dict.fromkeys(said.key or key_of_line(line) for said, line in both))
        changed, self._changed = self._changed.difference(keys), set()
        return {
            "items": [self.shown(key) for key in keys if self.looks.has(key)],
            "decided": len(self.progress.done),
            "taken": self.progress.to_skip(changed),
        }

    def _catch_up(self) -> None:
        """Read what was appended since, by this one and by others."""
        new = self._ledger.decisions(after=self._read)
        self._read += len(new)
        self._changed |= self.progress.update(self.book.add(new))

    def _parameters(self) -> dict:
        wanted = self.wanted
        return {
            "queue": self.queue.name, "filter": wanted.filter, "reviewer": self.reviewer,
            "blind": wanted.blind, "second_look": wanted.second_look,
        }  # fmt: skip

    # ---- what it came to

    @property
    def agreement(self) -> Agreement | None:
        """How the reviewer's second looks agree with the first ones; None without any."""
        mine = agreements(self.progress.standing())
        return next((one for one in mine if one.second.endswith(AGAIN)), None)

    @property
    def said(self) -> dict[str, int]:
        """What was decided since this was opened and stands, by kind; pictures given another class
        are ``other label``. Of what was said twice of one picture the last counts.
        """
        newest = {
            (line.path, line.partner, line.again): line
            for line in self._new
            if line.kind is not DecisionKind.UNDO and self.book.stands(line.uid)
        }
        counts: Counter[str] = Counter()
        for line in newest.values():
            label = self.material.outcome(line.path).label
            is_other = line.kind is DecisionKind.LABEL and line.label != label
            counts["other label" if is_other else str(line.kind)] += 1
        return dict(counts)
