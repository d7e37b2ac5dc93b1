"""The pictures of a review, as a browser shows them."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from galaxycurate.core.encode import jpeg
from galaxycurate.errors import InputError
from galaxycurate.pipeline.dedupe.decode import Unreadable, decode
from galaxycurate.pipeline.review.material import Material
from galaxycurate.store.shards.tree import open_tree

THUMB_PX = 256
SMALL_BYTES = 40_000
"""A file no larger than this is its own small picture."""

_SHOWN = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}
"""What browsers show, by its first bytes; nothing is served as what its name says it is."""


@dataclass(frozen=True)
class Picture:
    """A file that a browser shows."""

    body: bytes
    kind: str


class Pictures:
    """The pictures of a dataset, read when they are asked for.

    Parameters
    ----------
    material : Material
    """

    def __init__(self, material: Material):
        self._material = material
        self._tree = open_tree(Path(material.settings.dataset))
        self.size = lru_cache(maxsize=4096)(self._size)

    def full(self, path: str) -> Picture:
        """A picture as it is; FITS, NumPy archives and others are drawn as a JPEG.

        Raises
        ------
        InputError
            It is gone, another one than the ledger knows, or none can be made of it.
        """
        body = self._bytes(path)
        kind = next((kind for mark, kind in _SHOWN.items() if body.startswith(mark)), "")
        return Picture(body, kind) if kind else Picture(jpeg(_rgb(path, body)), "image/jpeg")

    def small(self, path: str, side_px: int = THUMB_PX) -> Picture:
        """The same, no larger than so many pixels, unless the file is small anyway.

        Raises
        ------
        InputError
            It is gone, or none can be made of it.
        """
        from PIL import Image

        whole = self.full(path)
        if len(whole.body) <= SMALL_BYTES:
            return whole
        image = Image.fromarray(_rgb(path, whole.body))
        image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
        small = jpeg(np.asarray(image))
        return Picture(small, "image/jpeg") if len(small) < len(whole.body) else whole

    def _size(self, path: str) -> tuple[int, int] | None:
        """Width and height [pixel]; None where there is no picture."""
        from PIL import Image

        with suppress(InputError, OSError):
            body = self._bytes(path)
            if any(body.startswith(mark) for mark in _SHOWN):
                with suppress(Exception), Image.open(io.BytesIO(body)) as image:
                    return image.size
            height, width = _rgb(path, body).shape[:2]
            return width, height
        return None

    def _bytes(self, path: str) -> bytes:
        if path in self._material.pictures:
            body, known = self._tree.read(path), self._material.outcome(path).sha256
            if known and hashlib.sha256(body).hexdigest() != known:  # a decision is on that one
                raise InputError(f"{path} is no longer as the ledger knows it")
            return body
        file = self._material.rejected.get(path)
        if file is None:
            raise InputError(f"the bytes of {path} were not kept")
        try:
            return Path(file).read_bytes()
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}") from None


def _rgb(path: str, body: bytes) -> np.ndarray:
    try:
        return decode(body)
    except Unreadable as error:
        raise InputError(f"{path} cannot be shown: {error}") from None
