"""The catalogue's objects around a cutout, when a person asks for them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

import numpy as np

from galaxycurate.archives.archive import Archive
from galaxycurate.core.origin import is_simulated
from galaxycurate.errors import GalaxyCurateError, InputError
from galaxycurate.pipeline.audit.asking import Remembering
from galaxycurate.pipeline.audit.catalogue import ask, can_ask
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.review.item import Mark
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.pictures import Pictures

REACH_ARCSEC = 0.5
"""Objects that reach into the picture, or so near to it, are marked."""


class Objects:
    """Asks an archive about one cutout after the other, in a thread of its own.

    A page never waits for it, and a process that ends does not either.

    Parameters
    ----------
    material : Material
    pictures : Pictures
    open_archive : callable, optional
        Makes the archive, in that thread, at the first question; by default the one that the
        settings name, with the answers that audits got.
    """

    def __init__(
        self,
        material: Material,
        pictures: Pictures,
        open_archive: Callable[[], Archive] | None = None,
    ):
        self._material, self._pictures = material, pictures
        self._open = open_archive or (lambda: Remembering(material.settings))
        self._archive: Archive | None = None
        self._asked: SimpleQueue[tuple[str, Future] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def around(self, path: str) -> Future:
        """Ask for the objects around a picture.

        Returns
        -------
        concurrent.futures.Future
            Of (archive's name, list of `Mark`); a `GalaxyCurateError` says why there are none.
        """
        future: Future = Future()
        self._asked.put((path, future))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="objects", daemon=True)
            self._thread.start()
        return future

    def close(self, patience_s: float = 1.0) -> None:
        """End the thread; one that waits for a server is left behind."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(patience_s)
            self._thread = None

    def _work(self) -> None:
        while (one := self._asked.get()) is not None:
            path, future = one
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._found(path))
            except Exception as error:  # the page tells it, whatever it is
                future.set_exception(error)
        self._archive = None  # its connection ends in the thread that opened it

    def _found(self, path: str) -> tuple[str, list[Mark]]:
        image = self._image(path)
        if self._archive is None:
            self._archive = self._open()
        catalogue = ask(self._archive, [image], margin_arcsec=REACH_ARCSEC)
        self._refuse_another_sky(catalogue.name)
        listed = catalogue.sky.listed
        near = catalogue.sky.near(
            image.ra, image.dec, image.width_arcsec, image.pixscale, REACH_ARCSEC
        )
        marks = [
            Mark(
                round(float(near.dx[k]), 2), round(float(near.dy[k]), 2),
                round(float(near.radius_px[k]), 2),
                "galaxy" if listed.galaxy[row] else "star", _magnitude(listed.mag_r[row]),
                str(listed.objid[row]), str(listed.doubt[row]),
            )
            for k, row in enumerate(near.rows.tolist())
        ]  # fmt: skip
        return catalogue.name, sorted(marks, key=lambda mark: mark.r or 99.0)

    def _image(self, path: str) -> Image:
        """What an audit would ask about: a picture of unknown brightness, to the faintest."""
        one, row = self._material.outcome(path), self._material.row(path)
        size = self._pictures.size(path)
        scale = one.pixscale or row.get("pixscale") or math.nan
        ra, dec = (np.nan if row.get(name) is None else row[name] for name in ("ra", "dec"))
        width = size[0] if size else 0
        image = Image(
            path=path, label=one.label, sha256=one.sha256, negative=False, ra=ra, dec=dec,
            width_arcsec=scale * width if width else math.nan, width_px=width, limit_mag_r=0.0,
        )  # fmt: skip
        if not image.placed:
            raise InputError("its position or scale is not known: no catalogue can be asked")
        if not can_ask(image, REACH_ARCSEC):
            raise InputError("it is too wide on the sky for a catalogue to be asked")
        return image

    def _refuse_another_sky(self, name: str) -> None:
        """A server tells who it is with its first answer."""
        if self._material.is_simulated and name.startswith("http") and not is_simulated(name):
            raise InputError(f"the picture shows a simulated sky, {name} lists the real one")


def words(error: BaseException) -> str:
    """Why no objects are shown, for a page."""
    if isinstance(error, GalaxyCurateError):
        return f"{error} ({error.hint})" if error.hint else str(error)
    return f"{type(error).__name__}: {error}"


def _magnitude(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
