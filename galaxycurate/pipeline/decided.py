"""What people decided, and what it makes of a dataset: who is in, who is out, which class.

A split, the status and the report ask here, so that all count the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from galaxycurate.core.decision import Decision
from galaxycurate.core.outcome import TWINS, Outcome, Verdict, VerdictKind
from galaxycurate.curation.decisions import Settled, settle
from galaxycurate.pipeline.audit.left_out import COMMANDS, held_against, why
from galaxycurate.pipeline.classed import label_of
from galaxycurate.pipeline.copies import SAME, outnumbered, things
from galaxycurate.store.ledger import Ledger

COUNTED = "decisions"
"""Of a split's parameters: on how many lines of decisions it rests."""


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

    @cached_property
    def spared(self) -> list[str]:
        """Images in use of which people rejected a copy, and said nothing of themselves."""
        rejected = {path for path, one in self.settled.items() if one.is_rejected}
        all_things = things(self.against, self.settled)
        found = {path for thing in all_things if thing & rejected for path in thing}
        return sorted(found - self._out.keys() - self.settled.keys())

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


def read(ledger: Ledger, **instead: Sequence[Verdict]) -> Decided:
    """What verdicts and people say of a dataset now.

    Parameters
    ----------
    ledger : Ledger
    **instead : sequence of Verdict
        By command, ``dedupe`` or ``audit``: verdicts that take the place of its newest ones in the
        ledger, for a run that is not recorded yet.

    Returns
    -------
    Decided
    """
    decisions = ledger.decisions()
    newest = ((instead[one] if one in instead else ledger.verdicts(one)) for one in COMMANDS)
    verdicts = [verdict for some in newest for verdict in some]
    return Decided.of(decisions, verdicts, ledger.outcomes() if decisions else ())
