"""Which window of the sky a cutout shows: the manifest's own, one for all, or the galaxy's size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from galaxycurate.core.outcome import Reason
from galaxycurate.errors import SettingError, UsageError
from galaxycurate.store.settings import SPECS

RANGES = {name: (SPECS[name].metadata["low"], SPECS[name].metadata["high"])
          for name in ("size_px", "pixscale")}  # fmt: skip
"""Of every cutout: size [pixel] and scale [arcsec/pixel]."""

_PETRO = (0.1, 100.0)


@dataclass(frozen=True)
class Framing:
    """The window of every cutout, where it is not what its manifest says.

    Parameters
    ----------
    size_px : int, optional
        Side of the cutout [pixel].
    pixscale : float, optional
        Pixel scale [arcsec/pixel].
    petro : float, optional
        Side of the cutout in Petrosian diameters (2 petroRad_r); the pixel scale follows.

    Raises
    ------
    SettingError, UsageError
        A value outside its range; both a pixel scale and a size in diameters.
    """

    size_px: int | None = None
    pixscale: float | None = None
    petro: float | None = None

    def __post_init__(self):
        for name, value in (("size_px", self.size_px), ("pixscale", self.pixscale)):
            _within(name, value, *RANGES[name])
        _within("size-petro", self.petro, *_PETRO)
        if self.petro is not None and self.pixscale is not None:
            raise UsageError(
                "a pixel scale and a size in Petrosian diameters exclude each other",
                hint="give --size-petro with --size-px, or --pixscale with --size-px",
            )

    @property
    def is_own(self) -> bool:
        """Whether it asks for anything but what the manifests say."""
        return not (self.size_px is self.pixscale is self.petro is None)

    def of(
        self, pixscale: float, size_px: float, radius_arcsec: float | None
    ) -> tuple[float, int, str] | Reason:
        """Scale and size of one cutout, and the remark that tells how they came about.

        Parameters
        ----------
        pixscale, size_px : float
            As its manifest says.
        radius_arcsec : float or None
            petroRad_r; None, NaN or not positive where unknown.

        Returns
        -------
        tuple of (float, int, str), or Reason
            Why there can be none: a size in Petrosian diameters is asked for, and the radius is not
            known or needs a scale that nobody draws.
        """
        side = self.size_px or int(size_px)
        if self.petro is not None:
            if radius_arcsec is None or not 0 < radius_arcsec < math.inf:
                return Reason.NO_RADIUS
            scale, (low, high) = 2 * self.petro * radius_arcsec / side, RANGES["pixscale"]
            if not low <= scale <= high:
                return Reason.NO_SCALE
            return scale, side, f"petro={self.petro:g}"
        scale = self.pixscale or pixscale
        return scale, side, "" if (scale, side) == (pixscale, size_px) else "own=1"


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise SettingError(
            f"{name} = {value} is outside {low:g} to {high:g}",
            hint="galaxycurate download --help tells the units",
        )


AS_LISTED = Framing()
"""What the manifests say."""
