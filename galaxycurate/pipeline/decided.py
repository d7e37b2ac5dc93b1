"""What people decided, and what it makes of a dataset: who is in, who is out, which class.

A split, the status and the report ask here, so that all count the same.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path, PurePosixPath

from galaxycurate.core.decision import Decision
from galaxycurate.core.outcome import TWINS, Outcome, Verdict, VerdictKind
from galaxycurate.curation.decisions import Settled, settle
from galaxycurate.pipeline.audit.left_out import COMMANDS, held_against, why
from galaxycurate.pipeline.copies import SAME, outnumbered, things
from galaxycurate.store.ledger import Ledger

LIST = "decided.csv"
"""Beside split.json: the images that lie in a tree under another class or name than in the dataset,
by ``path`` (in the tree), ``image`` (in the dataset), ``label`` (in the tree) and ``was``."""

COUNTED = "decisions"
"""Of a split's parameters: on how many lines of decisions it rests."""


def label_of(path: str) -> str:
    """The label in a path of the dataset: `images/<label>/<name>.jpg`, whatever people decided."""
    return path.split("/")[1]


def below_class(paths: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Where images lie in a tree of classes: ``<class>/<name>.jpg``.

    Parameters
    ----------
    paths : sequence of str
        In the dataset.
    labels : sequence of str
        The class of each, as people decided.

    Returns
    -------
    list of str
        Of two files of one name that came into one class, whatever they end with, the one that was
        moved there tells where from: ``<class>/<name>-from-<class>.jpg``, with a number where that
        is taken, too.
    """
    both = [(path, PurePosixPath(path), label) for path, label in zip(paths, labels, strict=True)]
    taken = {(label, file.stem) for path, file, label in both if label_of(path) == label}
    names = []
    for path, file, label in both:
        stem = file.stem
        if label_of(path) != label:
            stem = next(s for s in _stems(stem, label_of(path)) if (label, s) not in taken)
            taken.add((label, stem))
        names.append(f"{label}/{stem}{file.suffix}")
    return names


def _stems(stem: str, was: str) -> Iterator[str]:
    yield from (stem, f"{stem}-from-{was}")
    yield from (f"{stem}-from-{was}-{n}" for n in count(2))


@dataclass(frozen=True)
class Decided:
    """What verdicts and people together say of the images of a dataset.

    A decision outweighs a verdict, with three bounds: a class given to a picture says nothing
    against its being a copy (only who saw both pictures can keep both); of copies that people put
    back one by one, one is used; and a file that cannot be read stays out. Without decisions it is
    what dedupe and audit say.

    Parameters
    ----------
    settled : mapping of str to Settled
        What people's words come to, by path; images that nobody decided on are absent.
    against : mapping of str to list of Verdict
        What dedupe and audit hold against images, by path.
    lines : int
        Of the ledger, undone ones too, that it rests on.
    """

    settled: Mapping[str, Settled] = field(default_factory=dict)
    against: Mapping[str, list[Verdict]] = field(default_factory=dict)
    lines: int = 0

    @classmethod
    def of(
        cls,
        decisions: Iterable[Decision],
        verdicts: Iterable[Verdict],
        outcomes: Iterable[Outcome],
    ) -> Decided:
        """Settle decisions, where verdicts and outcomes are at hand already.

        Parameters
        ----------
        decisions : iterable of Decision
            All of the ledger, or those up to a moment.
        verdicts : iterable of Verdict
            The newest of dedupe and audit, in this order.
        outcomes : iterable of Outcome
            The newest of each path: decisions on an older picture do not count.

        Returns
        -------
        Decided
        """
        said = list(decisions)
        settled = settle(said, {o.path: o.sha256 for o in outcomes}) if said else {}
        return cls(settled, held_against(verdicts), len(said))

    def label_of(self, path: str) -> str:
        """The class of an image: the one that people gave it, or else that of its path.

        Parameters
        ----------
        path : str
            In the dataset, `images/<label>/<name>.jpg`; the file itself never moves.

        Returns
        -------
        str
        """
        one = self.settled.get(path)
        return (one.label if one else "") or label_of(path)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why splits leave images out, in words, by path."""
        return {path: words for path, (words, _ground) in self._out.items()}

    @cached_property
    def put_back(self) -> dict[str, str]:
        """What verdicts hold against images that splits use because people kept them, by path."""
        return {p: why(some[0]) for p, some in self.against.items() if p not in self._out}

    @cached_property
    def relabelled(self) -> dict[str, str]:
        """The classes that people gave in place of others, by path, of images that are used."""
        return {
            path: one.label
            for path, one in self.settled.items()
            if one.label not in ("", label_of(path)) and path not in self._out
        }

    @cached_property
    def disputed(self) -> dict[str, str]:
        """What reviewers disagree on, in words, by path; left out until somebody decides, or of a
        pair as dedupe chose.
        """
        return {path: one.why for path, one in self.settled.items() if one.is_disputed}

    def grounds(self, paths: Iterable[str]) -> dict[str, int]:
        """Why splits leave images out, counted: kinds of verdicts, reasons of people.

        Parameters
        ----------
        paths : iterable of str
            Of the images of the dataset; those that are used do not count.

        Returns
        -------
        dict of str to int
            The most frequent first.
        """
        counts = Counter(self._out[path][1] for path in paths if path in self._out)
        return dict(counts.most_common())

    def counted(self, paths: Iterable[str]) -> dict[str, int]:
        """What people changed, counted.

        Parameters
        ----------
        paths : iterable of str
            Of the images of the dataset.

        Returns
        -------
        dict of str to int
            ``relabelled``, ``put_back``, ``left_out`` (by people), ``disputed`` (left out, or
            of a pair).
        """
        here = set(paths)
        out = {path for path, one in self.settled.items() if not one.use}
        sets = {
            "relabelled": self.relabelled, "put_back": self.put_back,
            "left_out": out, "disputed": self.disputed,
        }  # fmt: skip
        return {name: len(here.intersection(some)) for name, some in sets.items()}

    @cached_property
    def _out(self) -> dict[str, tuple[str, str]]:
        """Why in words, and what it counts as."""
        groups = things(self.against, self.settled)
        of = {path: group for group in groups for path in group}
        out: dict[str, tuple[str, str]] = {}
        for path, verdicts in self.against.items():
            one, copies = self.settled.get(path), of.get(path, set())
            left = [v for v in verdicts if not _outweighs(one, v, copies)]
            if left:
                out[path] = why(left[0]), str(left[0].kind)
        out |= {p: (one.why, one.ground) for p, one in self.settled.items() if not one.use}
        kinds = {p: v.kind for p, some in self.against.items() for v in some if v.kind in SAME}
        for group in groups:
            more = outnumbered(group, dropped=kinds, out=out, settled=self.settled)
            for path, stays in more.items():
                said = f"{kinds[path]}: {stays} shows the same, and is used"
                out[path] = said, str(kinds[path])
        return out


def _outweighs(settled: Settled | None, verdict: Verdict, copies: Set[str]) -> bool:
    """Whether people's words on a picture, which has these copies, count more than a verdict."""
    if settled is None or not settled.use or verdict.kind is VerdictKind.UNREADABLE:
        return False
    is_beside = verdict.partner in settled.beside
    if verdict.kind in SAME:
        is_beside = is_beside or not settled.beside.isdisjoint(copies)
    if verdict.kind in TWINS:
        return is_beside
    of_a_pair = verdict.kind in (VerdictKind.CONFLICT, VerdictKind.WRONG_IMAGE)
    return bool(settled.label) or (of_a_pair and is_beside)


def read(ledger: Ledger) -> Decided:
    """What verdicts and people say of a dataset now.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    Decided
    """
    decisions = ledger.decisions()
    verdicts = [verdict for command in COMMANDS for verdict in ledger.verdicts(command)]
    return Decided.of(decisions, verdicts, ledger.outcomes() if decisions else ())


# ---- from a tree of train, val and test back to the dataset


def image_of(tree: Path) -> Callable[[str], str]:
    """Which image of the dataset a file of a split is, as training's lists name it.

    Parameters
    ----------
    tree : Path
        The folder of a split, or of one of its folds, that `python -m train` was given.

    Returns
    -------
    callable
        From a path in the tree (``test/spiral/123.jpg``) to one in the dataset
        (``images/merger/123.jpg``).
    """
    moved: dict[str, str] = {}
    if (Path(tree) / LIST).is_file():
        with (Path(tree) / LIST).open(newline="", encoding="utf-8") as file:
            moved = {row["path"]: row["image"] for row in csv.DictReader(file)}
    return lambda path: moved.get(path) or _image(path)


def _image(path: str) -> str:
    return PurePosixPath("images", *PurePosixPath(path).parts[1:]).as_posix()
