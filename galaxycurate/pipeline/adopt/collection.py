"""An image collection that exists: where its images and its table are, and how they enter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from galaxycurate.catalogs.reading import hdf5
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.adopt.labelling import ByColumn, ByVotes

MODES = ("copy", "hardlink", "reference")
FORMATS = ("png", "jpg")
SCALES = (0.015, 60.0)
"""Pixel scales [arcsec/pixel] beyond which nothing is an image of a galaxy."""


@dataclass(frozen=True)
class Collection:
    """An image collection of the user, or one that is known by name.

    Parameters
    ----------
    source : Path
        A folder of images, at any depth; or an HDF5 file such as Galaxy10's, with its columns.
    labels : Path, optional
        The table that goes with a folder: a row for each image.
    by : ByColumn or ByVotes, optional
        How rows get labels; by default the scheme of the catalogue that the table is known to be
        of, else its column called label or class.
    mapping : Path, optional
        ``gz2_filename_mapping.csv``, where it lies neither beside the folder nor beside the table.
    mode : {'copy', 'hardlink', 'reference', 'png', 'jpg'}
        How files enter the dataset; for arrays the format that they are written in: ``png``, the
        default, keeps every pixel, ``jpg`` is about twice as fast and a fifth as large.
    pixscale : float, optional
        Pixel scale of all images [arcsec/pixel], where it is known and no column gives it.
    """

    source: Path
    labels: Path | None = None
    by: ByColumn | ByVotes | None = None
    mapping: Path | None = None
    mode: str = ""
    pixscale: float | None = None

    def __post_init__(self):
        """Refuse an unknown mode and an impossible scale."""
        fitting = FORMATS if self.is_arrays else MODES
        if not self.mode:
            object.__setattr__(self, "mode", fitting[0])
        if self.mode not in fitting:
            raise SettingError(
                f"mode {self.mode!r} is none of {', '.join(fitting)}",
                hint="arrays are written as png or jpg, files enter by copy, hardlink or reference",
            )
        low, high = SCALES
        if self.pixscale is not None and not low <= self.pixscale <= high:
            raise SettingError(
                f"pixscale = {self.pixscale:g} is outside {low:g} to {high:g} arcsec/pixel",
                hint="leave it out when it is unknown or differs from image to image",
            )
        if self.source.is_file() and not self.is_arrays:
            raise SettingError(
                f"{self.source} is neither a folder of images nor an HDF5 file",
                hint=f"galaxycurate import DIR --labels {self.source}, where it is the table",
            )
        if self.labels is None and not self.is_arrays:
            raise SettingError(
                "a folder of images needs a table of their labels",
                hint="--labels FILE; an HDF5 file such as Galaxy10_DECals.h5 holds its own",
            )

    @cached_property
    def is_arrays(self) -> bool:
        """Whether the images are arrays in one file."""
        return self.source.suffix.lower() in hdf5.ENDINGS

    @property
    def table(self) -> Path:
        """The file that holds the rows."""
        return self.labels or self.source
