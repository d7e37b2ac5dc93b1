"""One HTML page that tells what was trained, on what, and how good it is."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from PIL import Image

FIGURES = (
    ("confusion.png", "Confusion table of the test images"),
    ("curves.png", "Loss and balanced accuracy by epoch"),
    ("misclassified.png", "The test images that the network got most wrong"),
)
LAYERS = tuple((f"activations/layer{n}.png", f"Layer {n}") for n in range(1, 6))


def render(metrics: dict, folder: Path) -> str:
    """The report as a page that needs no network.

    Parameters
    ----------
    metrics : dict
        The content of ``metrics.json``.
    folder : Path
        Where the figures lie; they are embedded.

    Returns
    -------
    str
        HTML.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    environment.filters.update(share=_share, figure=_figure)
    return environment.get_template("report.html.j2").render(
        m=metrics, figures=_embedded(folder, FIGURES), layers=_embedded(folder, LAYERS)
    )


def _embedded(folder: Path, listing) -> list[dict]:
    return [
        {"title": title, "data": base64.b64encode(_as_jpeg(folder / name)).decode()}
        for name, title in listing
        if (folder / name).is_file()
    ]


def _as_jpeg(path: Path) -> bytes:
    # a quarter of the PNG's bytes: the page stays below what mail programs take
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=88, subsampling=0)
    return buffer.getvalue()


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _figure(value: float) -> str:
    return f"{value:,.0f}"
