"""From evidence to verdicts: what is thought of each pair, which picture stays, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from galaxycurate.core.geometry import separation
from galaxycurate.core.outcome import TWINS, Verdict, VerdictKind
from galaxycurate.core.placing import NAMES, Placing
from galaxycurate.curation.groups import groups
from galaxycurate.curation.keep import depth, survivors
from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.curation.sky.fields import FieldRelation, related
from galaxycurate.pipeline.dedupe.evidence import Evidence
from galaxycurate.pipeline.dedupe.kept import IDS, Kept
from galaxycurate.pipeline.dedupe.positions import expected_placings
from galaxycurate.pipeline.dedupe.seen import Seen

_TIERS = {
    VerdictKind.EXACT_FILE: "bytes", VerdictKind.SAME_OBJECT: "object",
    VerdictKind.BLEND: "object", VerdictKind.OVERLAP: "sky", VerdictKind.NEAR_FIELD: "field",
}  # fmt: skip


_FIELDS = {
    FieldRelation.SAME: "one field", FieldRelation.NEXT: "neighbouring fields of one run",
    FieldRelation.ANOTHER_RUN: "two runs",
}  # fmt: skip
"""As far as the ids tell."""

_UNSEEN = "blank or unreadable"


def judge(kept: Kept, evidence: Evidence, seen: Seen, *, keep: str = "best") -> list[Verdict]:
    """Verdicts on pairs and pictures; ``keep`` is false for an image that a split leaves out.

    Parameters
    ----------
    kept : Kept
    evidence : Evidence
    seen : Seen
    keep : {'best', 'first', 'all'}
        Which of several pictures of one thing stays.

    Returns
    -------
    list of Verdict
        The strongest kinds first.
    """
    bench = _Bench(kept, evidence, seen)
    verdicts = [*bench.of_twins(keep), *bench.of_wrong_images(), *bench.of_denied()]
    verdicts += bench.of_shared_sky()
    for row, why in seen.unreadable.items():
        verdicts.append(Verdict(kept.paths[row], VerdictKind.UNREADABLE, keep=False, evidence=why))
    return verdicts


class _Bench:
    """What is judged."""

    def __init__(self, kept: Kept, evidence: Evidence, seen: Seen):
        self.kept, self.evidence, self.seen = kept, evidence, seen
        self.paths = kept.paths

    def of_shared_sky(self) -> Iterator[Verdict]:
        """Both pictures stay, in one group."""
        for kind, pairs in self.evidence.pairs.items():
            if kind in TWINS:
                continue
            if kind is VerdictKind.OVERLAP:
                yield from self._of_footprints(pairs)
                continue
            for k in range(len(pairs)):
                yield self._verdict(kind, pairs, k)

    def _of_footprints(self, pairs: Pairs) -> Iterator[Verdict]:
        """Shared sky by position: the shift is the one that the positions tell."""
        placings = expected_placings(self.kept, self.seen.sizes, pairs)
        words = self._of_areas(pairs)
        for k, placing in enumerate(placings):
            verdict = self._verdict(VerdictKind.OVERLAP, pairs, k, said=words[k])
            yield replace(verdict, **vars(placing)) if placing else verdict

    def _of_areas(self, pairs: Pairs) -> list[str]:
        """How much sky is shared, and by which fields: ``2,915 arcsec2 shared, two runs``."""
        kept, i, j = self.kept, pairs.first, pairs.second
        area = kept.footprints.shared_arcsec2(i, j)
        ids = kept.any_id
        fields = [_FIELDS.get(kind, "") for kind in related(ids[i], ids[j]).tolist()]
        sure = kept.placed[i] & kept.placed[j]
        shared = [f"{a:,.0f} arcsec2 shared" if s else "" for a, s in zip(area, sure, strict=True)]
        return [", ".join(filter(None, both)) for both in zip(shared, fields, strict=True)]

    def of_twins(self, keep: str) -> Iterator[Verdict]:
        """Of pictures of one thing one stays; none where they bear different labels."""
        twins = {k: p for k, p in self.evidence.pairs.items() if k in TWINS and len(p)}
        n, wrong = len(self.kept), self.evidence.is_wrong
        thing = self._things(twins)
        stays, why = survivors(thing, keep=keep, quality=self.seen.quality, barred=self._barred)
        names = self._names(thing)
        first, second = (
            np.concatenate([getattr(p, side) for p in twins.values()] or [np.empty(0, np.int64)])
            for side in ("first", "second")
        )
        far = depth(n, first, second, stays)
        told: set[int] = set()
        for kind, pairs in twins.items():
            for k, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
                labels = names.get(int(thing[i]), {})
                if len(labels) > 1 and thing[i] == thing[j] and not (wrong[i] or wrong[j]):
                    told |= {int(i), int(j)}
                    yield from self._of_conflict(kind, pairs, k, set(labels))
                    continue
                back = bool(far[i] > far[j])  # towards the one that stays
                row = int(i if back else j)
                yield self._verdict(
                    kind, pairs, k, back=back, keep=bool(stays[row]), said=why.get(row, "")
                )
        yield from self._of_hidden_conflicts(thing, names, told)

    def _things(self, twins: dict[VerdictKind, Pairs]) -> np.ndarray:
        """Which rows are one thing.

        A wrong image is no more than its pixels: what its id says links it with nothing, and it
        links nothing.
        """
        wrong, n = self.evidence.is_wrong, len(self.kept)
        links = []
        for kind, pairs in twins.items():
            rows = np.stack([pairs.first, pairs.second])
            if kind is VerdictKind.SAME_OBJECT:
                rows = np.where(wrong[rows], rows + n, rows)
            low, high = np.sort(rows, axis=0)
            links.append(Pairs(low, high, pairs.amount))
        return groups(2 * n, links)[:n]

    @property
    def _barred(self) -> dict[int, str]:
        """Pictures that never stay instead of another one."""
        quality, wrong = self.seen.quality, np.flatnonzero(self.evidence.is_wrong)
        barred = {row: _UNSEEN for row, one in enumerate(quality) if not one.is_seen}
        return barred | dict.fromkeys(wrong.tolist(), "not what its id says")

    def _names(self, thing: np.ndarray) -> dict[int, dict[str, int]]:
        """The labels of each thing, by those of its pictures that are what their id says, each
        with the first that bears it.
        """
        names: dict[int, dict[str, int]] = {}
        rows = np.flatnonzero(~self.evidence.is_wrong)
        labels = self.kept.labels[rows].tolist()
        for row, number, label in zip(rows.tolist(), thing[rows].tolist(), labels, strict=True):
            names.setdefault(number, {}).setdefault(label, row)
        return names

    def _of_hidden_conflicts(
        self, thing: np.ndarray, names: dict[int, dict[str, int]], told: set[int]
    ) -> Iterator[Verdict]:
        """Of things under two labels the pictures that only a wrong one links with the others."""
        for row in np.flatnonzero(~self.evidence.is_wrong).tolist():
            labels = names[int(thing[row])]
            if len(labels) < 2 or row in told:
                continue
            label = str(self.kept.labels[row])
            partner = next(first for other, first in labels.items() if other != label)
            yield Verdict(
                self.paths[row], VerdictKind.CONFLICT, self.paths[partner], 1.0, False,
                f"one picture: {' and '.join(sorted(labels))}", tier="pixels",
            )  # fmt: skip

    def _of_conflict(
        self, kind: VerdictKind, pairs: Pairs, k: int, labels: set[str]
    ) -> Iterator[Verdict]:
        """One thing under two labels: no picture of it is believed."""
        said, tier = f"{kind}: {' and '.join(sorted(labels))}", _tier(kind, pairs, k)
        for back in (False, True):
            yield self._verdict(
                VerdictKind.CONFLICT, pairs, k, back=back, keep=False, said=said, tier=tier
            )

    def of_wrong_images(self) -> Iterator[Verdict]:
        """Both pictures of a pair whose pixels and positions disagree; the blamed ones go."""
        wrong, is_wrong = self.evidence.wrong, self.evidence.is_wrong
        for k in range(len(wrong)):
            dx, dy, off = self.evidence.expected[k].tolist()
            said = f"{off:,.1f} arcsec from where the positions put it"
            if np.isfinite(dx + dy) and max(abs(dx), abs(dy)) < 1e5:
                said = f"expected shift {dx:.1f}, {dy:.1f} px: found {said}"
            for back, rows in ((False, wrong.second), (True, wrong.first)):
                yield self._verdict(
                    VerdictKind.WRONG_IMAGE, wrong, k, back=back,
                    keep=not is_wrong[int(rows[k])], said=said,
                )  # fmt: skip

    def of_denied(self) -> Iterator[Verdict]:
        """Both pictures of a pair that shares sky by its positions, but not its stars."""
        pairs, is_wrong = self.evidence.denied, self.evidence.is_wrong
        for k, placing in enumerate(expected_placings(self.kept, self.seen.sizes, pairs)):
            rows = int(pairs.second[k]), int(pairs.first[k])
            blame = "" if is_wrong[[*rows]].any() else "; nothing tells which of the two is wrong"
            said = f"{pairs.amount[k]:.0%} of the sky should be shared, its stars are not{blame}"
            for back, row in enumerate(rows):
                verdict = self._verdict(
                    VerdictKind.WRONG_IMAGE, pairs, k, back=bool(back), keep=not is_wrong[row],
                    said=said, tier="sources",
                )  # fmt: skip
                if placing:
                    place = self._inverse(placing, pairs, k) if back else placing
                    verdict = replace(verdict, **vars(place))
                yield verdict

    def _verdict(
        self, kind: VerdictKind, pairs: Pairs, k: int, *, back: bool = False, keep: bool = True,
        said: str = "", tier: str = "",
    ) -> Verdict:  # fmt: skip
        """On the second picture of a pair with the first as its partner, or else backwards."""
        first, second = int(pairs.first[k]), int(pairs.second[k])
        row, partner = (first, second) if back else (second, first)
        about: dict = {"tier": tier or _tier(kind, pairs, k)}
        words = [said] if said else []
        if kind is VerdictKind.SAME_OBJECT:
            words.append(self._of_object(first, second))
        if isinstance(pairs, Matches):
            placing = self._placing(pairs, k, back)
            words.append(self._words(pairs, k, placing, partner))
            about |= vars(placing) | {"score": float(pairs.score[k]), "fdr": float(pairs.fdr[k])}
        return Verdict(
            self.paths[row], kind, self.paths[partner], round(float(pairs.amount[k]), 4), keep,
            "; ".join(words), **about,
        )  # fmt: skip

    def _of_object(self, first: int, second: int) -> str:
        """What makes two rows one object."""
        for name in IDS:
            ids = self.kept.ids[name]
            if ids[first] and ids[first] == ids[second]:
                return f"{name} {ids[first]}"
        ra, dec = self.kept.ra, self.kept.dec
        if not np.isfinite(ra[first] + ra[second]):
            return "the objID of one is the dr7objid of the other"
        off = separation(ra[first], dec[first], ra[second], dec[second])
        known = all(any(self.kept.ids[name][row] for name in IDS) for row in (first, second))
        return f"{float(off):.2f} arcsec apart" + (" in different fields" if known else "")

    def _placing(self, matches: Matches, k: int, back: bool) -> Placing:
        placing = Placing(
            float(matches.dx[k]), float(matches.dy[k]),
            int(matches.flip[k]), float(matches.scale[k]),
        )  # fmt: skip
        return self._inverse(placing, matches, k) if back else placing

    def _inverse(self, placing: Placing, pairs: Pairs, k: int) -> Placing:
        """How the first picture of a pair lies on the second."""
        first, second = (
            (int(w), int(h))
            for w, h in (self.seen.sizes[pairs.first[k]], self.seen.sizes[pairs.second[k]])
        )
        return placing.inverse(first, second)

    def _words(self, matches: Matches, k: int, placing: Placing, partner: int) -> str:
        """For a person: ``shift 12.3, -4.1 px (5.1 arcsec), overlap 0.61, score 84``."""
        dx, dy = (round(v, 1) + 0.0 for v in (placing.dx, placing.dy))  # no -0.0
        shift = f"shift {dx:.1f}, {dy:.1f} px"
        pixscale = self.kept.pixscale[partner]
        if np.isfinite(pixscale):
            shift += f" ({np.hypot(placing.dx, placing.dy) * pixscale:.1f} arcsec)"
        parts = [shift, NAMES[placing.flip], f"overlap {matches.amount[k]:.2f}"]
        if abs(placing.scale - 1) > 1e-3:
            parts.insert(1, f"scale {placing.scale:.3f}")
        if matches.expected[k]:
            parts.append(f"{matches.met[k]} of {matches.expected[k]} landmarks")
        if matches.tier[k] != "pixels":
            parts.append(f"score {matches.score[k]:.0f}, false {_rate(float(matches.fdr[k]))}")
        return ", ".join(filter(None, parts))


def _rate(fdr: float) -> str:
    return f"{fdr:.1g}" if fdr >= 1e-4 else "< 0.0001"


def _tier(kind: VerdictKind, pairs: Pairs, k: int) -> str:
    return str(pairs.tier[k]) if isinstance(pairs, Matches) else _TIERS.get(kind, "")
