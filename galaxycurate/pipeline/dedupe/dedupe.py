"""Dedupe: find cutouts that show the same thing, and group what a split must not tear apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.dedupe.kept import Kept, read_kept
from galaxycurate.pipeline.dedupe.looks import unlike_looks
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings


@dataclass
class Deduped:
    """What was found.

    Parameters
    ----------
    images, n_groups, largest_group, without_position : int
    pairs : Counter
        Pairs by kind.
    dropped : Counter
        Images that a split leaves out, by kind.
    unlike : str
        How classes differ in provider, size or scale, empty where they do not.
    """

    images: int = 0
    n_groups: int = 0
    largest_group: int = 0
    without_position: int = 0
    pairs: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    unlike: str = ""

    def as_dict(self) -> dict:
        """For JSON."""
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}


def dedupe(
    settings: Settings,
    *,
    min_overlap: float = 0.0,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Deduped:
    """Find pairs, judge duplicates, and write verdicts and groups to the ledger.

    Nothing is deleted: of images with the same bytes or the same object the first stays, the others
    get a verdict and are left out of splits; an object under two labels is left out altogether;
    images that share sky stay, in one group.

    Parameters
    ----------
    settings : Settings
    min_overlap : float
        Two cutouts belong together when they share more than this fraction of the smaller.
    dry_run : bool
        Count only.
    progress : callable

    Returns
    -------
    Deduped
    """
    if not 0 <= min_overlap < 1:
        raise SettingError(
            f"min-overlap = {min_overlap:g} is outside 0 to 1",
            hint="0 groups cutouts that share any sky at all",
        )
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        kept = read_kept(settings, ledger)
        progress(0, 3, f"{len(kept):,} images")
        evidence = kept.evidence(min_overlap=min_overlap)
        progress(1, 3, "pairs found")
        group = groups(len(kept), list(evidence.values()))
        verdicts = judge(kept, evidence)
        result = _summary(kept, evidence, group, verdicts)
        if not dry_run:
            run = ledger.start("dedupe", {"min_overlap": min_overlap})
            ledger.add_verdicts(run, verdicts)
            ledger.add_places(
                run, ((p, int(g), "") for p, g in zip(kept.paths, group, strict=True))
            )
        progress(3, 3, f"{result.n_groups:,} groups")
    return result


def judge(kept: Kept, evidence: dict[VerdictKind, Pairs]) -> list[Verdict]:
    """Verdicts on pairs; ``keep`` is false for the image that a split leaves out.

    Parameters
    ----------
    kept : Kept
    evidence : dict of VerdictKind to Pairs

    Returns
    -------
    list of Verdict
    """
    labels, paths = kept.labels, kept.paths
    verdicts = []
    for kind in (VerdictKind.OVERLAP, VerdictKind.NEAR_FIELD):
        pairs = evidence[kind]
        for i, j, amount in zip(pairs.first, pairs.second, pairs.amount, strict=True):
            verdicts.append(Verdict(paths[j], kind, paths[i], round(float(amount), 4)))
    twins = {kind: evidence[kind] for kind in (VerdictKind.EXACT_FILE, VerdictKind.SAME_OBJECT)}
    one = groups(len(kept), list(twins.values()))
    names: dict[int, set[str]] = {}
    for group, label in zip(one.tolist(), labels.tolist(), strict=True):
        names.setdefault(group, set()).add(label)
    for kind, pairs in twins.items():
        for i, j in zip(pairs.first, pairs.second, strict=True):
            torn = names[int(one[i])]
            if len(torn) > 1:  # one thing under two labels: none of its pictures is believed
                why = f"{kind}: {' and '.join(sorted(torn))}"
                verdicts += [
                    Verdict(paths[a], VerdictKind.CONFLICT, paths[b], keep=False, evidence=why)
                    for a, b in ((i, j), (j, i))
                ]
            else:
                verdicts.append(Verdict(paths[j], kind, paths[i], keep=False, evidence="first"))
    return verdicts


def _summary(kept: Kept, evidence, group, verdicts: list[Verdict]) -> Deduped:
    dropped = {v.path: str(v.kind) for v in verdicts if not v.keep}
    return Deduped(
        images=len(kept),
        n_groups=int(group.max()) + 1,
        largest_group=int(np.bincount(group).max()),
        without_position=int((~kept.placed).sum()),
        pairs=Counter({str(kind): len(pairs) for kind, pairs in evidence.items()}),
        dropped=Counter(dropped.values()),
        unlike=unlike_looks(o for o in kept.outcomes if o.path not in dropped),
    )
