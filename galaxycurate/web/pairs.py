"""Pairs of pictures side by side, with the part that both show outlined: one HTML file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.placing import Placing
from galaxycurate.errors import GalaxyCurateError
from galaxycurate.pipeline.dedupe.decode import decode
from galaxycurate.pipeline.dedupe.shown import ShownPair
from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    from PIL import Image

SIDE_PX = 220
QUALITY = 82
_TEMPLATES = Path(__file__).parent / "templates"


def write(
    page: Path, title: str, pairs: Iterable[ShownPair], lead: str = "", *, simulated: bool = False
) -> Path:
    """Write a page of pairs, whole or not at all.

    Parameters
    ----------
    page : Path
        The HTML file.
    title : str
    pairs : iterable of ShownPair
        In reading order within each kind.
    lead : str
        A sentence or two above them.
    simulated : bool
        Whether the pictures are, which the page then says.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    text = render(title, pairs, lead, simulated=simulated)
    with replacing(Path(page)) as part:
        part.write_text(text, encoding="utf-8")
    return Path(page)


def render(
    title: str, pairs: Iterable[ShownPair], lead: str = "", *, simulated: bool = False
) -> str:
    """The page as HTML that holds its pictures and styles."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("galaxycurate.web"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True,
    )  # fmt: skip
    kinds: dict[str, list[dict]] = {}
    for pair in pairs:
        kinds.setdefault(pair.kind, []).append(view(pair))
    css = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("pairs.html").render(
        title=title, lead=lead, kinds=kinds, css=Markup(css), simulated=simulated
    )


def view(pair: ShownPair, *, side_px: int = SIDE_PX) -> dict:
    """What the macro ``side_by_side`` of ``figures.html`` draws.

    Parameters
    ----------
    pair : ShownPair
        Or what has the same attributes.
    side_px : int
        A picture is sent no larger than this, twice over for fine screens.

    Returns
    -------
    dict
    """
    pictures = [_picture(pair.first, side_px), _picture(pair.second, side_px)]
    outlines: list[np.ndarray | None] = [None, None]
    if pair.is_placed and all(pictures):
        outlines = _outlines(pair, [p["size"] for p in pictures if p])
    shown = [
        {**(picture or {}), "url": picture and picture["url"], "name": name,
         "outline": _points(outline), "left_out": out}
        for picture, outline, name, out in zip(
            pictures, outlines, pair.names, pair.left_out, strict=True
        )
    ]  # fmt: skip
    return {"pictures": shown, "caption": pair.caption}


def _outlines(pair: ShownPair, sizes: Sequence[tuple[int, int]]) -> list[np.ndarray | None]:
    """The shared part on each picture."""
    placing = Placing(pair.dx, pair.dy, pair.flip, pair.scale)
    first, second = sizes
    return list(placing.shared_on_both(first, second))


def _points(corners: np.ndarray | None) -> str:
    """Corners for SVG, which counts from the edge of the first pixel."""
    return "" if corners is None else " ".join(f"{x + 0.5:.1f},{y + 0.5:.1f}" for x, y in corners)


def _picture(given: bytes | Image.Image | None, side_px: int) -> dict | None:
    """Its size, and a small JPEG of it as a data URL."""
    from PIL import Image

    if given is None:
        return None
    try:
        image = Image.fromarray(decode(given)) if isinstance(given, bytes) else given.convert("RGB")
    except GalaxyCurateError:
        return None
    size = image.size
    image.thumbnail((2 * side_px, 2 * side_px), Image.Resampling.LANCZOS)
    body = io.BytesIO()
    image.save(body, "JPEG", quality=QUALITY, optimize=True)
    data = base64.b64encode(body.getvalue()).decode()
    return {"size": size, "url": f"data:image/jpeg;base64,{data}"}
