"""The nuisances of a dataset's pictures: measured once, then found beside their fingerprints."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.nuisances import OF_PIXELS, VERSION, of_pixels
from galaxycurate.errors import GalaxyCurateError, StorageError
from galaxycurate.imagery.check import FORMS
from galaxycurate.pipeline.dedupe.decode import decode, head_of
from galaxycurate.store.prints import FOLDER, KEY, PrintStore
from galaxycurate.store.shards.tree import open_tree

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL import Image

    from galaxycurate.core.outcome import Outcome

OF_FILES = ("form", "mode", "width_px", "height_px", "tables", "colour_tables", "subsampling",
            "progressive", "extra_bytes", "n_bytes", "bytes_per_px")  # fmt: skip
"""What the file itself tells, in numbers; NaN where its form has no such thing."""

FORM_NAMES = (*FORMS, "FITS", "NumPy")
SUBSAMPLINGS = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0", -1: "another"}

_ALL = (*OF_FILES, *OF_PIXELS)


class Measures:
    """Measures the pictures of a dataset.

    Parameters
    ----------
    dataset : Path
    keep : bool
        Whether what is measured is kept on the disk, as fingerprints are.
    """

    def __init__(self, dataset: Path, *, keep: bool = True):
        self._tree = open_tree(Path(dataset))
        folder = Path(dataset) / FOLDER
        self._store = PrintStore(folder, f"nuisances{VERSION}", read_only=not keep)

    def of(
        self, outcomes: Iterable[Outcome], *, progress: Progress = silent
    ) -> Mapping[str, np.ndarray]:
        """Numbers of the pictures; NaN all through where a file cannot be read.

        Parameters
        ----------
        outcomes : iterable of Outcome
        progress : callable

        Returns
        -------
        mapping of str to ndarray of float64, shape (n,)
            In the order of the outcomes.
        """
        outcomes = list(outcomes)
        known, rows, _flaws = self._store.read([outcome.sha256 for outcome in outcomes])
        stored = _matrix(known) if known is not None else np.empty((0, len(_ALL)))
        values = np.full((len(outcomes), len(_ALL)), np.nan)
        values[rows >= 0] = stored[rows[rows >= 0]]
        new = np.flatnonzero(rows < 0)
        for done, k in enumerate(new.tolist(), 1):
            values[k] = self._measured(outcomes[k])
            progress(done, len(new), "pictures read for the shortcut check")
        size = values[:, _ALL.index("n_bytes")]
        whole = [k for k in new if outcomes[k].sha256 and size[k] == outcomes[k].n_bytes]
        with suppress(StorageError):  # a dataset on a disk that takes nothing is looked at as well
            self._store.append(_table([outcomes[k].sha256 for k in whole], values[whole]))
            self._store.tidy()
        return dict(zip(_ALL, values.T, strict=True))

    def _measured(self, outcome: Outcome) -> list[float]:
        try:
            body = self._tree.read(outcome.path)
            found = {**of_pixels(decode(body)), **of_file(body)}
        except (GalaxyCurateError, OSError, MemoryError):
            return [np.nan] * len(_ALL)
        return [found[name] for name in _ALL]


def of_file(body: bytes) -> Mapping[str, float]:
    """What a picture's file tells of how it was made.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    mapping of str to float
        By the names in `OF_FILES`.
    """
    from PIL import Image

    found = dict.fromkeys(OF_FILES, float("nan")) | {"n_bytes": float(len(body))}
    form = head_of(body).form.split(" ")[0]
    found["form"] = float(FORM_NAMES.index(form)) if form in FORM_NAMES else float("nan")
    if form not in FORMS:  # arrays have no such head; their pictures tell the rest
        return found
    with Image.open(io.BytesIO(body), formats=FORMS) as image:
        found |= {
            "mode": float(len(image.getbands())),
            "width_px": float(image.width), "height_px": float(image.height),
            "bytes_per_px": len(body) / (image.width * image.height),
            "extra_bytes": float(_extra(image)),
        }  # fmt: skip
        return found | (_of_jpeg(image) if form == "JPEG" else {})


def _of_jpeg(image: Image.Image) -> dict[str, float]:
    from PIL.JpegImagePlugin import get_sampling

    tables = getattr(image, "quantization", {})
    light, *colour = (float(np.mean(tables[key])) for key in sorted(tables))
    return {
        "tables": light,
        "colour_tables": colour[0] if colour else light,
        "subsampling": float(get_sampling(image)),
        "progressive": float(bool(image.info.get("progressive"))),
    }


def _extra(image: Image.Image) -> int:
    """Bytes of what is told beside the picture: comments, EXIF, profiles."""
    segments = getattr(image, "applist", None)
    if segments is not None:
        return sum(len(told) for _marker, told in segments)
    return sum(len(told) for told in image.info.values() if isinstance(told, str | bytes))


def _matrix(table: pa.Table) -> np.ndarray:
    return np.stack([table[name].to_numpy() for name in _ALL], axis=1)


def _table(keys: list[str], values: np.ndarray) -> pa.Table:
    import pyarrow as pa

    columns = {KEY: pa.array(keys, pa.string())}
    return pa.table(columns | {n: pa.array(v) for n, v in zip(_ALL, values.T, strict=True)})
