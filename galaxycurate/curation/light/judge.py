"""What pixels say of a label: is the negative empty, does the positive's galaxy stand well?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.core.pixels import MAX_ZERO_BLOCKS, zero_block_fraction
from galaxycurate.curation.light.detect import MESH_PX, Sources, detect
from galaxycurate.curation.light.features import NAMES, measure
from galaxycurate.curation.light.flux import Planes, mag_r, planes
from galaxycurate.curation.light.forest import shipped

VERSION = 4
"""Grows when the same picture may be judged otherwise."""

LEAST_PX, MOST_PX, FINEST = 24, 1 << 22, 0.25
"""Pictures of fewer pixels a side are not judged; those of more in all, or of finer ones [arcsec],
are halved until they fit."""

GALAXY = 0.5
"""Probability from which a source of a positive counts as a galaxy."""

_LEAST_STEPS = 4  # of a channel over the picture: less is blank
_STAR, _SURE = 0.2, 0.8
_COMPARABLE = 10 ** (0.4 * 1.5)  # 1.5 mag
_STAR_LIGHT = 0.05  # of the galaxy's: fainter ones are no nuisance, or knots of its own
_OFF_RADII, _OFF_SIDES = 0.5, 0.03
_CUT_PX, _CUT_SIGMA = 6, 3.0


@dataclass(frozen=True)
class Finding:
    """What a picture holds.

    Parameters
    ----------
    kind : VerdictKind
    x, y : float
        Of the object, from the upper left pixel's middle, y down [pixel]; the picture's middle
        where there is none.
    probability : float
        That the object is a galaxy.
    snr : float
        Its signal-to-noise ratio.
    mag_r : float
        [mag]; 0 where the picture is not calibrated. Approximate where its stretch was undone.
    evidence : str
    also : tuple of Finding
        What else holds of the picture, the gravest first.
    """

    kind: VerdictKind
    x: float
    y: float
    probability: float = 0.0
    snr: float = 0.0
    mag_r: float = 0.0
    evidence: str = ""
    also: tuple[Finding, ...] = ()


def judge(
    rgb, *, pixscale: float = NATIVE_PIXSCALE, positive: bool, flux=None, scheme: str | None = None
) -> Finding:
    """Judge a picture by its light.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3) or (h, w)
    pixscale : float
        [arcsec/pixel]; 0 where it is unknown.
    positive : bool
        Whether the label says that a galaxy stands in the middle; else that there is none.
    flux : ndarray of float32, shape (3, h, w), optional
        g, r, i [nanomaggy], y as in the picture.
    scheme : {'sdss'}, optional
        How the picture was drawn: with the survey's own stretch magnitudes follow, approximately.

    Returns
    -------
    Finding
        Of a negative ``CONTAMINATED``, ``BORDERLINE`` or ``CLEAN``; of a positive ``OFF_CENTRE``,
        ``CUT``, ``SECOND_GALAXY``, ``STAR_OVER`` or ``CLEAN``, and ``BORDERLINE`` where no galaxy
        is seen. A picture with nothing to judge is ``BORDERLINE``.
    """
    whole = _coloured(rgb)
    times = _times_too_fine(whole, pixscale)
    if why := _not_judged(whole, times):
        return Finding(VerdictKind.BORDERLINE, *_middle(whole), evidence=why)
    rgb, flux = _shrunk(whole, flux, times)
    light = planes(rgb, flux=flux, scheme=scheme)
    sources = detect(light, mesh_px=None if positive else MESH_PX)
    if not positive and (why := _too_crowded(sources)):
        return Finding(VerdictKind.BORDERLINE, *_middle(whole), evidence=why)
    view = View.of(light, sources, pixscale * times, times)
    return _of_positive(view) if positive else _of_negative(view)


@dataclass(frozen=True)
class View:
    """A picture's sources with their features and probabilities, seen `times` times smaller."""

    light: Planes
    sources: Sources
    features: np.ndarray
    probability: np.ndarray
    pixscale: float
    times: int

    @classmethod
    def of(cls, light: Planes, sources: Sources, pixscale: float, times: int) -> View:
        """Measure, classify."""
        features = measure(light, sources, pixscale)
        return cls(light, sources, features, shipped().probability(features), pixscale, times)

    def feature(self, name: str) -> np.ndarray:
        """One column of the features."""
        return self.features[:, NAMES.index(name)]

    @property
    def middle(self) -> tuple[float, float]:
        """x, y of the picture's middle [pixel as seen]."""
        return (self.light.shape[1] - 1) / 2, (self.light.shape[0] - 1) / 2

    @cached_property
    def green(self) -> np.ndarray:
        """The plane of r above its sky."""
        green = np.ascontiguousarray(self.light.bands[1])
        sky = self.sources.segments == 0
        return green - np.float32(green[sky].mean() if sky.any() else 0)

    def whole(self, x: float, y: float) -> tuple[float, float]:
        """A place in the pixels of the picture as it was given."""
        return (x + 0.5) * self.times - 0.5, (y + 0.5) * self.times - 0.5

    def finding(self, kind: VerdictKind, row: int, words: str) -> Finding:
        """A finding on one source."""
        t = self.sources.table[row]
        magnitude = self.magnitude(row)
        bright = "" if not magnitude else f", r = {magnitude:.1f}"
        if bright and self.light.calibrated == "scheme":
            bright = f", r about {magnitude:.1f} (from the drawn picture)"
        snr = float(10 ** self.feature("log_snr")[row])
        x, y = self.whole(float(t["x"]), float(t["y"]))
        told = f"{words} at ({x:.0f}, {y:.0f}){bright}, signal-to-noise {snr:.0f}"
        return Finding(kind, x, y, float(self.probability[row]), snr, magnitude, told)

    def magnitude(self, row: int) -> float:
        """r of a source within its Kron ellipse, 0 where fluxes are not known."""
        if not self.light.calibrated:
            return 0.0
        import sep

        t = self.sources.table[row]
        place = t["x"], t["y"], max(t["a"], 0.5), max(t["b"], 0.5), t["theta"]
        kron, _ = sep.kron_radius(
            self.green, *([v] for v in place), 6.0,
            segmap=self.sources.segments, seg_id=np.array([row + 1], np.int32),
        )  # fmt: skip
        total, _, _ = sep.sum_ellipse(
            self.green, *([v] for v in place), 2.5 * np.clip(kron, 1.4, 6.0), subpix=3,
            segmap=self.sources.segments, seg_id=np.array([row + 1], np.int32),
        )  # fmt: skip
        return mag_r(float(total[0]))


def _of_negative(view: View) -> Finding:
    """The brightest galaxy of those that are sure, else the likeliest one."""
    limits = shipped()
    sure = np.flatnonzero(view.probability >= limits.contaminated)
    if sure.size:  # sources are sorted, the brightest first
        told = [view.finding(VerdictKind.CONTAMINATED, row, "a galaxy") for row in sure[:5]]
        return replace(told[0], also=tuple(told[1:]))
    if view.probability.size:
        row = int(view.probability.argmax())
        if view.probability[row] >= limits.borderline:
            return view.finding(VerdictKind.BORDERLINE, row, "perhaps a galaxy")
    n = len(view.sources)
    likeliest = float(view.probability.max()) if n else 0.0
    words = _no_galaxy(n)
    return Finding(VerdictKind.CLEAN, *view.whole(*view.middle), likeliest, evidence=words)


def _no_galaxy(n: int) -> str:
    return ("no source", "one source, no galaxy", f"{n} sources, none of them a galaxy")[min(n, 2)]


def _of_positive(view: View) -> Finding:
    """Everything that is wrong with a picture whose galaxy should stand in the middle."""
    t, (x0, y0) = view.sources.table, view.middle
    galaxies = np.flatnonzero(view.probability >= GALAXY)
    if not galaxies.size:
        words = _no_galaxy(len(t))
        return Finding(VerdictKind.BORDERLINE, *view.whole(x0, y0), evidence=words)
    reach = max(view.light.shape) / 8
    away = np.hypot(t["x"] - x0, t["y"] - y0) / reach
    likely = np.log(np.maximum(t["flux"], 1e-6)) - away**2 + np.log(view.probability + 0.1)
    main = int(np.argmax(likely))
    if view.probability[main] < _STAR:
        return view.finding(VerdictKind.BORDERLINE, main, "no galaxy in the middle, but a source")
    told = [*_off_centre(view, main), *_cut(view, main)]
    told += [*_second_galaxies(view, main), *_stars_over(view, main)]
    if not told:
        return view.finding(VerdictKind.CLEAN, main, "the galaxy stands")
    return replace(told[0], also=tuple(told[1:]))


def _radius(view: View, row: int) -> float:
    """Half-light radius of a source [pixel]."""
    return float(view.feature("r50_arcsec")[row]) / (view.pixscale or NATIVE_PIXSCALE)


def _extent(view: View, row: int) -> float:
    """Radius of the area in which a source stands out [pixel]."""
    return float(np.sqrt(view.sources.table["npix"][row] / np.pi))


def _off_centre(view: View, main: int) -> list[Finding]:
    t, (x0, y0) = view.sources.table[main], view.middle
    places = ((t["x"], t["y"]), (t["xpeak"], t["ypeak"]))
    off = min(float(np.hypot(x - x0, y - y0)) for x, y in places)
    if off <= max(_OFF_SIDES * max(view.light.shape), _OFF_RADII * _radius(view, main)):
        return []
    words = f"the galaxy is {off * view.times:.0f} px off the middle, it stands"
    return [view.finding(VerdictKind.OFF_CENTRE, main, words)]


def _cut(view: View, main: int) -> list[Finding]:
    own = (view.sources.segments == main + 1) & (
        view.sources.light > _CUT_SIGMA * view.sources.noise
    )
    on_border = int(own[0].sum() + own[-1].sum() + own[1:-1, 0].sum() + own[1:-1, -1].sum())
    if on_border < _CUT_PX:
        return []
    return [view.finding(VerdictKind.CUT, main, f"{on_border} px of the border lie in the galaxy")]


def _second_galaxies(view: View, main: int) -> list[Finding]:
    t = view.sources.table
    away = np.hypot(t["x"] - t["x"][main], t["y"] - t["y"][main])
    apart = away > max(_radius(view, main), 4.0)
    comparable = t["flux"] * _COMPARABLE > t["flux"][main]
    others = np.flatnonzero((view.probability >= _SURE) & apart & comparable)
    return [
        view.finding(VerdictKind.SECOND_GALAXY, row, "another galaxy of comparable light")
        for row in others[:3]
    ]


def _stars_over(view: View, main: int) -> list[Finding]:
    t = view.sources.table
    away = np.hypot(t["x"] - t["x"][main], t["y"] - t["y"][main])
    star = (view.probability < _STAR) & (t["flux"] > _STAR_LIGHT * t["flux"][main])
    over = star & (away < _extent(view, main) + 0.5 * np.sqrt(t["npix"] / np.pi))
    return [
        view.finding(VerdictKind.STAR_OVER, row, "a star over the galaxy")
        for row in np.flatnonzero(over)[:3]
    ]


def _coloured(rgb) -> np.ndarray:
    rgb = np.asarray(rgb)
    if rgb.ndim == 2:
        rgb = np.repeat(rgb[..., None], 3, axis=2)
    return np.ascontiguousarray(rgb[..., :3], np.uint8)


def _too_crowded(sources: Sources) -> str:
    density = len(sources) / sources.light.size * 65536
    if density <= shipped().crowded:
        return ""
    return f"too crowded to judge: {density:.0f} sources in 256 x 256 px"


def _not_judged(rgb: np.ndarray, times: int) -> str:
    if min(rgb.shape[:2]) < LEAST_PX:
        return f"{rgb.shape[1]} x {rgb.shape[0]} px are too few to judge"
    if rgb.shape[0] * rgb.shape[1] > MOST_PX * times**2:
        return f"{rgb.shape[1]} x {rgb.shape[0]} px are too long a strip to judge"
    low, high = rgb.min(axis=0).min(axis=0), rgb.max(axis=0).max(axis=0)
    if int((high - low).max()) < _LEAST_STEPS:
        red, green, blue = (f"{a} to {b}" for a, b in zip(low, high, strict=True))
        return f"blank: every pixel has red {red}, green {green}, blue {blue}"
    zeros = zero_block_fraction(rgb)
    if zeros > 1 - MAX_ZERO_BLOCKS:
        return f"{zeros:.0%} of the 16x16 blocks are exact zero"
    return ""


def _middle(rgb: np.ndarray) -> tuple[float, float]:
    return (rgb.shape[1] - 1) / 2, (rgb.shape[0] - 1) / 2


def _times_too_fine(rgb: np.ndarray, pixscale: float) -> int:
    """So many times too large or too fine; a strip is halved while it is wide enough to judge."""
    times = 1
    while min(rgb.shape[:2]) // (2 * times) >= LEAST_PX and (
        rgb.shape[0] * rgb.shape[1] > MOST_PX * times**2 or 0 < pixscale * times < FINEST
    ):
        times *= 2
    return times


def _shrunk(rgb: np.ndarray, flux, times: int):
    """Picture and fluxes so many times smaller, without the rows and columns that are left over."""
    import cv2

    if times == 1:
        return rgb, flux
    size = rgb.shape[1] // times, rgb.shape[0] // times
    whole = np.s_[: size[1] * times, : size[0] * times]
    rgb = cv2.resize(rgb[whole], size, interpolation=cv2.INTER_AREA)
    if flux is not None:
        bands = [cv2.resize(b[whole], size, interpolation=cv2.INTER_AREA) for b in np.asarray(flux)]
        flux = np.stack(bands) * times**2
    return rgb, flux
