"""The images that an audit looks at, with what it must know of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from galaxycurate.pipeline.dedupe.kept import one_of, read_kept
from galaxycurate.pipeline.search import LABEL
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings

_NO_GALAXY = re.compile(
    r"(?:\A|[_-])(?:stars?(?![_-]?(?:form|burst))|arti?e?facts?|do(?:nt|[_-]not)[_-]?know|"
    r"unsure|uncertain|unclassified|unknown)(?:[_-]|\Z)",
    re.IGNORECASE,
)
"""Classes that say of a picture neither that it shows a galaxy nor that it shows none."""

_KNOWN = ("name", "label", "limit_mag_r", "r", "ra", "dec", "size_px", "source_file")


@dataclass(frozen=True, slots=True)
class Image:
    """One image to be audited.

    Parameters
    ----------
    path, label, sha256 : str
    negative : bool
        It should hold no galaxy; else it should show one in its middle.
    ra, dec, width_arcsec : float
        NaN where unknown.
    width_px : int
        0 where unknown.
    limit_mag_r : float
        A negative's own limit.
    own_id : int
        The galaxy's objID, 0 where unknown.
    own_mag : float
        Its magnitude, NaN where unknown.
    provider : str
        Who drew it.
    """

    path: str
    label: str
    sha256: str
    negative: bool
    ra: float
    dec: float
    width_arcsec: float
    width_px: int
    limit_mag_r: float
    own_id: int = 0
    own_mag: float = np.nan
    provider: str = ""

    @property
    def placed(self) -> bool:
        """Whether its footprint is known."""
        return bool(np.isfinite(self.ra + self.dec + self.width_arcsec) and self.width_px)

    @property
    def pixscale(self) -> float:
        """[arcsec/pixel]; 0 where unknown."""
        known = np.isfinite(self.width_arcsec) and self.width_px
        return self.width_arcsec / self.width_px if known else 0.0


@dataclass(frozen=True)
class Images:
    """What is audited, and how many images of which labels are not, because they are of neither
    kind.
    """

    audited: list[Image]
    passed_over: Counter[str]
    origins: set[str]


def images(
    settings: Settings,
    ledger: Ledger,
    *,
    labels: Collection[str] = (),
    negatives: Collection[str] = (),
    limit_mag_r: float | None = None,
) -> Images:
    """The good images of a dataset.

    Parameters
    ----------
    settings : Settings
    ledger : Ledger
    labels : collection of str
        Only these; all where empty.
    negatives : collection of str
        Labels that say that there is no galaxy, besides ``negative``. A row with ``limit_mag_r``
        is a negative, too.
    limit_mag_r : float, optional
        Instead of the limit that each row names; rows that name none take the settings'.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        No image has such a label.
    """
    kept = read_kept(settings, ledger)
    about = _about(settings)
    _check_labels({o.label for o in kept.outcomes}, {*labels, *negatives})
    chosen: list[Image] = []
    passed_over: Counter[str] = Counter()
    for k, outcome in enumerate(kept.outcomes):
        if labels and outcome.label not in labels:
            continue
        row = about.get((outcome.label, outcome.name), {})
        own_limit = row.get("limit_mag_r")
        negative = outcome.label in {LABEL, *negatives} or own_limit is not None
        if not negative and _NO_GALAXY.search(outcome.label):
            passed_over[outcome.label] += 1
            continue
        chosen.append(
            Image(
                path=outcome.path,
                label=outcome.label,
                sha256=outcome.sha256,
                negative=negative,
                ra=float(kept.ra[k]),
                dec=float(kept.dec[k]),
                width_arcsec=float(kept.width_arcsec[k]),
                width_px=outcome.size_px or row.get("size_px") or 0,
                limit_mag_r=limit_mag_r or own_limit or settings.limit_mag_r,
                own_id=int(kept.ids["objID"][k]),
                own_mag=np.nan if row.get("r") is None else float(row["r"]),
                provider=outcome.provider,
            )
        )
    return Images(chosen, passed_over, kept.origins)


def _about(settings: Settings) -> dict[tuple[str, str], dict]:
    """What manifests tell of their rows, of two the one that `read_kept` takes."""
    about: dict[tuple[str, str], dict] = {}
    for manifest in read_all([], folder=Path(settings.manifests)):
        for row in manifest.rows([n for n in _KNOWN if n in manifest.table.column_names]):
            key = row["label"], row["name"]
            about[key] = one_of(about[key], row) if key in about else row
    return about


def _check_labels(known: set[str], asked: Collection[str]) -> None:
    unknown = sorted(set(asked) - known)
    if unknown:
        raise InputError(
            f"no image is labelled {' or '.join(map(repr, unknown))}",
            hint=f"labels: {', '.join(sorted(known))}",
        )
