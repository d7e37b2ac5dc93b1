"""The proof of a split: all pairs counted anew, and those that cross."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.assign import crossing
from galaxycurate.curation.split.divide import Division
from galaxycurate.curation.split.share import Uneven
from galaxycurate.errors import InputError
from galaxycurate.pipeline.decided import Decided
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.dedupe.looks import unlike_looks
from galaxycurate.pipeline.split.evidence import Evidence
from galaxycurate.pipeline.split.manner import Manner
from galaxycurate.pipeline.split.trees import counts

ONE_PICTURE = "one picture"
"""Among the kinds of leaking pairs: rows of one footprint, or copies, in different splits."""


@dataclass
class Split:
    """A split and its proof.

    Parameters
    ----------
    images, left_out : int
        Images placed; duplicates, conflicts, contaminated negatives, and what people rejected,
        left out.
    left_out_why : dict of str to int
        Why they were left out: kinds of verdicts, reasons of people.
    decided : dict of str to int
        Images that people ``relabelled``, ``put_back`` against a verdict, or ``left_out``, and
        those they disagree on (``disputed``: left out, or of a pair).
    dropped : int
        Images of the guard band: they share sky with another split and are in none.
    counts : dict of str to dict of str to int
        Images by split, or fold, and class.
    n_groups, largest_group : int
    pairs_checked : Counter
        Pairs that show the same thing by kind: from ids and sky found anew, from pixels on record.
    leaking_pairs : Counter
        Those of them that lie in different splits, by kind; all zero, or the split is not written.
    without_footprint : int
        Images without position or scale: whether they share sky could not be measured.
    cut : int
        Groups too large to be placed, which were cut into tiles.
    tile_deg : float
        The size of the tiles; 0 where there are none.
    uneven : list of str
        Classes that could not be shared out within two points, and why.
    unlike : str
        How classes differ in provider, size or scale, empty where they do not.
    min_overlap : float
        Dedupe grouped footprints that share more; checked are all that share any sky.
    """

    images: int
    left_out: int
    dropped: int
    counts: dict[str, dict[str, int]]
    n_groups: int
    largest_group: int
    pairs_checked: Counter = field(default_factory=Counter)
    leaking_pairs: Counter = field(default_factory=Counter)
    without_footprint: int = 0
    cut: int = 0
    tile_deg: float = 0.0
    uneven: list[str] = field(default_factory=list)
    unlike: str = ""
    min_overlap: float = 0.0
    left_out_why: dict[str, int] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)

    def told_by(self, decided: Decided, paths: Sequence[str]) -> None:
        """Count what people decided on these images."""
        self.left_out_why = decided.grounds(paths)
        self.decided = decided.counted(paths)

    def as_dict(self) -> dict:
        """For JSON."""
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}


def prove(kept: Kept, chosen, evidence: Evidence, made: Division, part, manner: Manner) -> Split:
    """Count the pairs that cross, by kind; the groups themselves are not believed.

    Parameters
    ----------
    kept : Kept
    chosen : ndarray of bool, shape (n,)
        What dedupe and audit left.
    evidence : Evidence
    made : Division
        Of the chosen rows.
    part : ndarray of str, shape (n,)
        The part of each image; empty for those left out.
    manner : Manner

    Returns
    -------
    Split
    """
    checked: Counter[str] = Counter()
    leaking: Counter[str] = Counter()
    for kind, pairs in evidence.pairs.items():
        both = chosen[pairs.first] & chosen[pairs.second]
        checked[str(kind)] = int(both.sum())
        direct = Pairs(pairs.first[both], pairs.second[both], pairs.amount[both])
        leaking[str(kind)] = max(_leaks(part, direct), _leaks(part, evidence.among(kind)))
    leaking[ONE_PICTURE] = _torn(part, evidence.picture)
    sizes = np.bincount(np.unique(made.group[made.place >= 0], return_inverse=True)[1])
    placed = part != ""
    return Split(
        images=int(placed.sum()),
        left_out=int((~chosen).sum()),
        dropped=made.dropped,
        counts=counts(kept.labels, part, {name: name for name in manner.parts}),
        n_groups=sizes.size,
        largest_group=int(sizes.max(initial=0)),
        pairs_checked=checked,
        leaking_pairs=leaking,
        without_footprint=int((chosen & ~kept.placed).sum()),
        cut=made.cut.size,
        tile_deg=made.tile_deg,
        uneven=[_words(kept, chosen, made, one, manner) for one in made.uneven],
        unlike=unlike_looks(
            replace(outcome, label=str(label))
            for outcome, label, is_in in zip(kept.outcomes, kept.labels, placed, strict=True)
            if is_in
        ),
        min_overlap=evidence.min_overlap,
    )


def _leaks(part, pairs: Pairs) -> int:
    across = crossing(part, pairs)
    in_both = (part[pairs.first[across]] != "") & (part[pairs.second[across]] != "")
    return int(in_both.sum())


def _torn(part, picture) -> int:
    """Pictures whose rows lie in more parts than one: their pairs are told of one row only."""
    placed = part != ""
    both = np.unique(np.rec.fromarrays([picture[placed], part[placed]]))
    return both.size - np.unique(picture[placed]).size


def _words(kept: Kept, chosen, made: Division, one: Uneven, manner: Manner) -> str:
    in_group = np.flatnonzero(chosen)[made.group == one.group]
    named = kept.paths[int(in_group[0])]
    what = f"{one.label}: " if one.label else ""
    got, wanted, holds = (f"{100 * share:.1f} %" for share in (one.got, one.wanted, one.holds))
    return (
        f"{what}{got} in {list(manner.parts)[one.part]} instead of {wanted}; its largest group "
        f"holds {holds} ({in_group.size:,} images, {named} among them)"
    )


def refuse_leaks(result: Split) -> None:
    """Stop before a split that leaks is written."""
    leaking = result.leaking_pairs.total()
    if leaking:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in result.leaking_pairs.items() if n)
        raise InputError(
            f"{leaking:,} pairs would lie in different splits ({kinds}): "
            "the groups do not know of them",
            hint="--guard auto drops one of each, --group overlap keeps them together",
        )
