"""Which galaxies are found, by magnitude and place, beside an oracle that knows how each looks.

The oracle works on the calibrated pixels before they are drawn. It knows the galaxy's light, the
point spread and the noise, not the place: it looks along the whole window, so that it, too, needs
`ORACLE_SIGMA` to raise no more than 2 % false alarms; and it must rule out a star.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.windows import Seen

FALSE_ALARMS = 0.02
ORACLE_SIGMA = 4.1
"""Of the highest of about 1,000 independent places, 2 % of the windows reach it by noise alone."""

BINS = ((15.5, 19), (15.5, 16.5), (16.5, 18), (18, 19), (19, 20), (20, 21), (21, 22))


@dataclass(frozen=True)
class Score:
    """Scores of windows beside their truth, as columns."""

    score: np.ndarray
    fold: np.ndarray
    kind: np.ndarray
    staged: np.ndarray
    mag_r: np.ndarray
    outside: np.ndarray
    real: np.ndarray
    signal: np.ndarray
    beyond_star: np.ndarray

    @classmethod
    def of(cls, windows: list[Seen], score: np.ndarray) -> Score:
        """Columns of windows."""
        names = list(cls.__dataclass_fields__)[1:]
        return cls(score, *(np.array([getattr(w, name) for w in windows]) for name in names))

    @property
    def empty(self) -> np.ndarray:
        """Windows without a galaxy."""
        return np.isnan(self.mag_r)

    def among(self, kinds) -> np.ndarray:
        """Windows of these kinds that count."""
        return np.isin(self.kind, kinds) & ~self.staged


def table(windows: list[Seen], score: np.ndarray, kinds) -> dict:
    """Completeness by magnitude at 2 % false alarms, and where the galaxy was.

    Centres outside are few: those that were staged there count for them, too.
    """
    told = Score.of(windows, score)
    among, empty = told.among(kinds), told.empty
    threshold = float(np.quantile(score[among & empty], 1 - FALSE_ALARMS))
    found, oracle = score > threshold, told.beyond_star > ORACLE_SIGMA
    outside = np.isin(told.kind, kinds) & told.outside
    rows = []
    for low, high in BINS:
        here = (told.mag_r >= low) & (told.mag_r < high)
        parts = {
            "all": here & among, "inside": here & among & ~told.outside,
            "outside": here & outside,
            "outside, 5 sigma in the window": here & outside & (told.signal > 5),
            "outside, 3 sigma in the window": here & outside & (told.signal > 3),
            "outside, the oracle tells": here & outside & oracle,
            "galaxy zoo": here & among & told.real, "galsim": here & among & ~told.real,
        }  # fmt: skip
        rows.append({
            "r": [low, high],
            **{name: [_share(found, chosen), int(chosen.sum())] for name, chosen in parts.items()},
            "oracle": {
                name: _share(oracle, parts[name]) for name in ("all", "inside", "outside")
            },
        })  # fmt: skip
    return {
        "kinds": list(kinds), "empty windows": int((empty & among).sum()), "threshold": threshold,
        "false alarms at the other fold's threshold": _carried(told, among & empty),
        "completeness": rows,
    }  # fmt: skip


def _share(found: np.ndarray, chosen: np.ndarray) -> float | None:
    return round(float(found[chosen].mean()), 3) if chosen.any() else None


def _carried(told: Score, empty: np.ndarray) -> list[float]:
    """False alarms of each fold where the other fold's empty windows set the threshold."""
    out = []
    for fold in (0, 1):
        own, other = empty & (told.fold == fold), empty & (told.fold != fold)
        limit = np.quantile(told.score[other], 1 - FALSE_ALARMS)
        out.append(round(float((told.score[own] > limit).mean()), 4))
    return out


def plot(windows: list[Seen], score: np.ndarray, threshold: float, path: Path) -> None:
    """Completeness against magnitude, inside and outside, real and simulated sky, and oracle."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    told = Score.of(windows, score)
    edges = np.arange(15.5, 22.01, 0.5)
    real, sim = np.isin(told.kind, ("3918", "4510")), told.kind == "sim"
    found, oracle = score > threshold, told.beyond_star > ORACLE_SIGMA
    outside, inside = told.outside, ~told.outside & ~told.staged
    lines = (
        ("real sky, centre in the window", real & inside, found, "C0-o"),
        ("simulated sky, centre in the window", sim & inside, found, "C1-o"),
        ("an oracle, centre in the window", (real | sim) & inside, oracle, "0.5"),
        ("real sky, centre up to 10 px outside", real & outside, found, "C0--s"),
        ("simulated sky, centre up to 10 px outside", sim & outside, found, "C1--s"),
        ("an oracle, centre up to 10 px outside", (real | sim) & outside, oracle, "k--"),
    )
    figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    for name, chosen, hit, style in lines:
        bins = [chosen & (told.mag_r >= a) & (told.mag_r < b) for a, b in pairwise(edges)]
        share = [hit[b].mean() if b.any() else np.nan for b in bins]
        colour = {"color": style} if style[0] == "0" else {}
        fmt = "-" if colour else style
        axes.plot((edges[1:] + edges[:-1]) / 2, share, fmt, ms=4, label=name, **colour)
    axes.set(xlabel="r [mag] of the galaxy pasted in", ylabel="share found", ylim=(0, 1.02))
    axes.set_title("Galaxies found in negatives at 2 % false alarms (256 px, JPEG quality 75)")
    axes.legend(loc="lower left", fontsize=8)
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
