"""Cutouts drawn here from the calibrated frames of the Science Archive Server, or its JPEGs.

A field is fetched once, and all its cutouts are drawn from it: three requests and 10 MB for as
many as there are. The pixels are those that ImgCutout would give (north up, east left, TAN), with
the colours of the survey's own field JPEGs; `imagery.frames` does the drawing.
"""

from __future__ import annotations

import asyncio
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from galaxycurate import __version__
from galaxycurate.core import encode
from galaxycurate.core.colour import lupton_irg
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Reason, Status
from galaxycurate.core.pixels import flaw
from galaxycurate.core.projection import Grid
from galaxycurate.core.releases import release_of
from galaxycurate.core.sas import RERUN, Where, frame_path, jpeg_path
from galaxycurate.imagery.check import Checked
from galaxycurate.imagery.cost import HEAD_BYTES
from galaxycurate.imagery.frames.field import BANDS, Drawing, Field, draw
from galaxycurate.imagery.frames.files import NOTHING, Files, NoFile
from galaxycurate.imagery.frames.read import read_frame, read_head, read_jpeg
from galaxycurate.imagery.frames.room import Room
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import Answer, Ask, Judgement, Next, Provider

PUBLIC = "https://data.sdss.org"
MOST_NEIGHBOURS = 3
"""Fields on either side that a cutout may reach into."""

_THREADS = 2
_Made = TypeVar("_Made")


class _Fields(Provider):
    """What both ways have in common: fields are fetched, cutouts drawn.

    Parameters
    ----------
    server : str
        Such as ``https://data.sdss.org``; what follows is ``/sas/dr17/...``.
    release : str
        ``dr8`` to ``dr19``.
    backoff_s : float
        The scale of the random waits between tries of a file [s].
    """

    courteous = 2.0
    by_field = True

    def __init__(self, server: str, release: str, *, backoff_s: float = 0.5):
        super().__init__(server.rstrip("/").removesuffix("/sas"))
        self._release = release_of(release).name
        self._room, self._files = Room(), Files(self._in_thread, backoff_s=backoff_s)
        self._pool: ThreadPoolExecutor | None = None

    @property
    def called(self) -> str:
        """Such as ``frames dr17``."""
        return f"{self.name} {self._release}"

    async def bring(self, job: Job, ask: Ask) -> Answer:
        """Draw a cutout from its field, which is fetched unless it is there already."""
        if not all(job.field):
            return Answer(_NO_FIELD, "", NOTHING)
        grid = Grid(job.ra, job.dec, job.pixscale, job.size_px, job.size_px)
        try:
            async with self._room.held(job.field):
                field = await self._field(job.field, ask)
                fields = [field, *await self._neighbours(field, grid, ask)]
                drawing = await self._in_thread(draw, fields, grid)
        except NoFile as why:
            return Answer(why.judgement, why.url, why.reply)
        if not drawing.fields:
            return Answer(_ELSEWHERE, self.url(job), NOTHING)
        return Answer(Judgement(Next.CHECK), self.url(job), field.reply, drawing)

    def finish(self, job: Job, answer: Answer) -> tuple[bytes, Checked]:
        """Colour and encode what was drawn; a part without sky is a flaw, however small."""
        drawing = answer.raw
        assert isinstance(drawing, Drawing)
        rgb = self._coloured(drawing)
        found = flaw(rgb)
        if drawing.uncovered:
            found = Reason.PARTIAL, f"{drawing.uncovered:.2%} lie beyond the field's edge"
        body = self._encoded(job, drawing, rgb, answer.reply.headers)
        height, width = rgb.shape[:2]
        return body, Checked(hashlib.sha256(body).hexdigest(), len(body), width, height, found)

    async def close(self) -> None:
        """Let go of all fields."""
        await self._files.close()
        self._room.close()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    @abstractmethod
    async def _field(self, where: Where, ask: Ask) -> Field:
        """A field, made of its files."""

    @abstractmethod
    def _coloured(self, drawing: Drawing) -> np.ndarray:
        """RGB of a drawing; uint8."""

    def _encoded(self, job: Job, drawing: Drawing, rgb: np.ndarray, headers: Mapping) -> bytes:
        """The file."""
        return encode.WRITERS[job.format](rgb)

    def _address(self, path: str) -> str:
        return f"{self.server}/sas/{path}"

    async def _neighbours(self, field: Field, grid: Grid, ask: Ask) -> list[Field]:
        """The fields before and after, as far as a cutout reaches; one that is absent ends it.

        None where the cutout is partly beyond the first or last column: nothing makes it whole.
        """
        found: list[Field] = []
        for side in (-1, 1) if field.is_as_wide(grid) else ():
            last = field
            for _ in range(MOST_NEIGHBOURS):
                if not last.ends_within(grid, side):
                    break
                run, camcol, number = last.where
                try:
                    last = await self._field((run, camcol, number + side), ask)
                except NoFile as why:
                    if why.judgement.reason is not Reason.NO_FILE:
                        raise
                    break
                found.append(last)
        return found

    async def _in_thread(self, function: Callable[..., _Made], *args) -> _Made:
        """On a thread of its own: bzip2 and splines leave the interpreter free."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "galaxycurate-frames")
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


class Frames(_Fields):
    """Cutouts from the calibrated frames in g, r and i: pictures, and fluxes in nanomaggies."""

    name = "frames"
    formats = frozenset({"jpg", "png", "npz", "fits"})

    def url(self, job: Job) -> str:
        """The address of the r frame; empty where the field is not known."""
        return self._address(frame_path(self._release, job.field, "r")) if all(job.field) else ""

    async def _field(self, where: Where, ask: Ask) -> Field:
        i, r, g = await asyncio.gather(*(self._frame(where, band, ask) for band in BANDS))
        return Field(where, (i[0], r[0], g[0]), r[1])

    def _frame(self, where: Where, band: str, ask: Ask):
        url = self._address(frame_path(self._release, where, band))
        return self._files.get(url, ask, lambda body: read_frame(body, where, band))

    def _coloured(self, drawing: Drawing) -> np.ndarray:
        return lupton_irg(*drawing.planes)

    def _encoded(self, job: Job, drawing: Drawing, rgb: np.ndarray, headers: Mapping) -> bytes:
        if job.format in ("jpg", "png"):
            return super()._encoded(job, drawing, rgb, headers)
        flux = drawing.planes * np.array(drawing.area, np.float32)[:, None, None]
        grid = drawing.grid
        if job.format == "npz":
            wcs = {name.lower(): value for name, value in grid.cards(rows_up=False).items()}
            return encode.arrays(rgb=rgb, flux=flux, bands=np.array(BANDS), **wcs)
        cards = grid.cards(rows_up=True) | self._provenance(job, drawing, headers)
        return encode.fits_cube(flux[:, ::-1], cards)

    def _provenance(self, job: Job, drawing: Drawing, headers: Mapping) -> dict:
        run, camcol, field = job.field
        return {
            "BUNIT": "nanomaggy", "BAND1": BANDS[0], "BAND2": BANDS[1], "BAND3": BANDS[2],
            "PIXSCALE": job.pixscale, "RADESYS": "ICRS", "RUN": run, "CAMCOL": camcol,
            "FIELD": field, "RERUN": RERUN, "RELEASE": self._release,
            "FIELDS": ",".join(str(number) for *_, number in drawing.fields),
            "ORIGIN": self.server, "SIMULATE": is_simulated(headers.get("Server", "")),
            "SOFTWARE": f"galaxycurate {__version__}",
        }  # fmt: skip


class FramesIrg(_Fields):
    """Cutouts from the colour JPEG of a field: a tenth of the bytes, and pictures only."""

    name = "frames-irg"
    formats = frozenset({"jpg", "png", "npz"})

    def url(self, job: Job) -> str:
        """The address of the field's JPEG; empty where the field is not known."""
        return self._address(jpeg_path(self._release, job.field)) if all(job.field) else ""

    async def _field(self, where: Where, ask: Ask) -> Field:
        header = await self._header(where, ask)
        url = self._address(jpeg_path(self._release, where))
        planes, reply = await self._files.get(url, ask, lambda body: read_jpeg(body, header))
        return Field(where, planes, reply)

    async def _header(self, where: Where, ask: Ask):
        """The r frame's, from the first part of the file where the server allows that."""
        url = self._address(frame_path(self._release, where, "r"))
        part = {"Range": f"bytes=0-{HEAD_BYTES - 1}"}
        return (await self._files.get(url, ask, lambda body: read_head(body, where), part))[0]

    def _coloured(self, drawing: Drawing) -> np.ndarray:
        return np.clip(drawing.planes + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)


_NO_FIELD = Judgement(
    Next.SETTLE, Status.REJECTED, Reason.NO_FIELD, "run, camcol and field are needed"
)
_ELSEWHERE = Judgement(
    Next.SETTLE, Status.FAILED, Reason.NOT_IMAGE,
    "the field's files show another part of the sky: they, or the row's run, camcol and field, "
    "are wrong",
)  # fmt: skip
