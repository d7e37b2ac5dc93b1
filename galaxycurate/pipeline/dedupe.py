"""Dedupe: find cutouts that show the same thing, and group what a split must not tear apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.overlap import Pairs, groups, near_fields, overlapping, same
from galaxycurate.errors import InputError, SettingError
from galaxycurate.imagery.provider import same_picture
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings

IDS = ("objID", "dr7objid")
ASSUMED_ARCSEC = 168.0
"""Width of a cutout whose pixel scale is unknown: 424 pixels, as Galaxy Zoo's, at 0.396"/pixel."""


@dataclass(frozen=True)
class Kept:
    """The images of a dataset with what their manifests know of them, as aligned columns.

    Parameters
    ----------
    outcomes : list of Outcome
    ra, dec, width_arcsec : ndarray of float64, shape (n,)
        NaN where unknown.
    ids : dict of str to list of int
        ``objID`` and ``dr7objid``; 0 where unknown.
    origins : set of str
        The archives and providers that they came from.
    """

    outcomes: list[Outcome]
    ra: np.ndarray
    dec: np.ndarray
    width_arcsec: np.ndarray
    ids: dict[str, list[int]]
    origins: set[str]

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def labels(self) -> np.ndarray:
        """The label of each."""
        return np.array([o.label for o in self.outcomes])

    @property
    def paths(self) -> list[str]:
        """The path of each, relative to the dataset."""
        return [o.path for o in self.outcomes]

    @property
    def placed(self) -> np.ndarray:
        """Whether position and width are known, so that the footprint is."""
        return np.isfinite(self.ra + self.dec + self.width_arcsec)

    @property
    def _any_id(self) -> np.ndarray:
        return np.array(
            [a or b for a, b in zip(*(self.ids[n] for n in IDS), strict=True)], np.int64
        )

    def evidence(self, *, min_overlap: float = 0.0) -> dict[VerdictKind, Pairs]:
        """Every pair that shows the same thing, by what tells so."""
        assumed = np.where(np.isfinite(self.width_arcsec), self.width_arcsec, ASSUMED_ARCSEC)
        return {
            VerdictKind.EXACT_FILE: same([o.sha256 for o in self.outcomes]),
            VerdictKind.SAME_OBJECT: _concatenate([same(self.ids[name]) for name in IDS]),
            VerdictKind.OVERLAP: overlapping(self.ra, self.dec, assumed, min_overlap=min_overlap),
            VerdictKind.NEAR_FIELD: near_fields(self._any_id, self.placed),
        }


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
    """

    images: int = 0
    n_groups: int = 0
    largest_group: int = 0
    without_position: int = 0
    pairs: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)

    def as_dict(self) -> dict:
        """For JSON."""
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}


def read_kept(settings: Settings, ledger: Ledger) -> Kept:
    """The images that the ledger holds to be good, joined with their manifests.

    Images that no manifest lists, and those of an earlier request (another position, scale or
    size), take no part.

    Raises
    ------
    InputError
        There are none, or files are missing or of another size than the ledger says.
    """
    about: dict[tuple[str, str], dict] = {}
    origins = set()
    wanted = ("name", "label", "ra", "dec", "pixscale", "size_px", *IDS)
    for manifest in read_all([], folder=Path(settings.manifests)):
        origins.add(manifest.header.archive)
        there = [n for n in wanted if n in manifest.table.column_names]
        for row in manifest.rows(there):
            about[row["label"], row["name"]] = row
    listed = [o for o in ledger.outcomes(Status.OK) if (o.label, o.name) in about]
    outcomes = [o for o in listed if same_picture(o.request, about[o.label, o.name])]
    if not outcomes:
        raise InputError(
            f"no images in {settings.dataset}/ yet",
            hint="galaxycurate download, or galaxycurate import DIR --labels CSV",
        )
    _check_there(settings, outcomes)
    rows = [about[o.label, o.name] for o in outcomes]
    origins |= {o.provider for o in outcomes}
    pixscale, size_px = (_floats(rows, n) for n in ("pixscale", "size_px"))
    return Kept(
        outcomes=outcomes,
        ra=_floats(rows, "ra"),
        dec=_floats(rows, "dec"),
        width_arcsec=pixscale * size_px,
        ids={n: [row.get(n) or 0 for row in rows] for n in IDS},
        origins=origins - {""},
    )


def _check_there(settings: Settings, outcomes: list[Outcome]) -> None:
    tree = ImageTree(Path(settings.dataset))
    gone = [o.path for o in outcomes if tree.size(o.path) != o.n_bytes]
    if gone:
        raise InputError(
            f"{len(gone):,} images are no longer as the ledger knows them (the first is {gone[0]})",
            hint="galaxycurate download fetches them again, a repeated import takes them again",
        )


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
    )


def _concatenate(many: list[Pairs]) -> Pairs:
    stacked = np.concatenate([np.stack([p.first, p.second], axis=1) for p in many])
    unique = np.unique(stacked, axis=0) if len(stacked) else stacked
    return Pairs(unique[:, 0], unique[:, 1], np.ones(len(unique)))


def _floats(rows: list[dict], name: str) -> np.ndarray:
    return np.array([np.nan if row.get(name) is None else row[name] for row in rows], float)
