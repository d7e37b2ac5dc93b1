"""One HTML page that tells what was trained, on what, and how good it is."""

from __future__ import annotations

import base64
import io
import shlex
from functools import cache
from pathlib import Path

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from PIL import Image

from galaxycurate.errors import SettingError
from train.data.votes import KINDS
from train.judge.votes import doubt
from train.recipe.presets import preset
from train.recipe.settings import changed, differing
from train.show import statements
from train.show.charts import curve_charts, test_charts, vote_charts
from train.show.doubts import DOUBTS, picture_of, read_doubts
from train.show.examples import FOLDER, read_examples

EPOCH_COLUMNS = (
    ("loss", "loss"),
    ("train_accuracy", "train accuracy"),
    ("train_rmse", "train RMSE"),
    ("val_loss", "val loss"),
    ("val_accuracy", "val accuracy"),
    ("val_balanced_accuracy", "val balanced"),
    ("val_rmse", "val RMSE"),
)
SHEET_PX = ((6, 1000), (24, 760), (10_000, 460))  # so many layers: so wide a sheet [pixel]


def render(metrics: dict, folder: Path, *, missing: tuple[str, ...] = ()) -> str:
    """The report as a page that needs no network.

    Parameters
    ----------
    metrics : dict
        The content of ``metrics.json``; what an older one has not is left out.
    folder : Path
        Where the pictures lie; they are embedded.
    missing : tuple of str
        Sentences on what could not be shown.

    Returns
    -------
    str
        HTML.
    """
    test, shown = metrics["test"], _shown(folder)
    return page(
        "report.html.j2",
        m=metrics,
        name=metrics.get("config", {}).get("preset") or "Galaxy CNN",
        classes=list(test.get("classes", {})),
        named=list(test.get("classes", KINDS)),  # what stands for classes in pictures of votes
        head=statements.head(metrics),
        tiles=statements.tiles(test),
        trust=statements.trust(metrics),
        galaxy_zoo=statements.from_galaxy_zoo(metrics),
        doubt=doubt(test) if "baseline_rmse" in test else "",
        has_pr=any("pr_auc" in one for one in test.get("classes", {}).values()),
        charts=test_charts(test),
        curves=curve_charts(metrics),
        epoch_columns=_epoch_columns(metrics),
        vote_charts=vote_charts(metrics),
        layers=_layers(folder),
        noise=_noise(folder),
        command=command(metrics),
        missing=missing,
        **shown,
    )


def page(template: str, **facts) -> str:
    """A page of ``show/page``; every text in it is escaped."""
    return _pages().get_template(template).render(**facts)


@cache
def _pages() -> Environment:
    """The templates, which a process compiles once: folds write many reports."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "page"),
        autoescape=True,
        trim_blocks=True,
        undefined=ChainableUndefined,
    )
    environment.filters.update(share=_share, figure=_figure)
    return environment


def command(metrics: dict) -> str:
    """The command that trains the same again."""
    config = metrics.get("config", {})
    words = ["python", "-m", "train", "fit", "--data", metrics.get("data", {}).get("root", "DATA")]
    try:
        begun = preset(config["preset"])
        asked = differing(changed(begun, config), begun)
        words += ["--preset", config["preset"]]
    except (KeyError, SettingError):  # of another version of train
        asked = config
    words += [word for name, value in asked.items() for word in ("--set", f"{name}={value}")]
    return shlex.join(words)


def as_text(path: Path, *, width: int | None = None) -> str:
    """A picture's file as JPEG in base64, made narrower where it is wider."""
    if width is None and path.suffix == ".jpg":
        return base64.b64encode(path.read_bytes()).decode()
    buffer = io.BytesIO()
    with Image.open(path) as image:
        picture = image.convert("RGB")
    if width and picture.width > width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    # a quarter of a PNG's bytes: the page stays below what mail programs take
    picture.save(buffer, "JPEG", quality=84)
    return base64.b64encode(buffer.getvalue()).decode()


def _shown(folder: Path) -> dict:
    """The examples of a run by what they are examples of, each with its pictures."""
    listing = read_examples(folder)
    ones = {row: _embedded(folder / FOLDER, one) for row, one in listing.get("answers", {}).items()}

    def some(rows: list) -> list[dict]:
        return [ones[str(row)] for row in rows if ones.get(str(row))]

    galleries = {
        name: {"worst": some(rows), "surest": some(listing.get("surest", {}).get(name, []))}
        for name, rows in listing.get("worst", {}).items()
    }
    return {
        "examples": listing,
        "misclassified": some(listing.get("misclassified", [])),
        "samples": some(listing.get("samples", [])),
        "galleries": {name: both for name, both in galleries.items() if any(both.values())},
    }


def _embedded(folder: Path, one: dict) -> dict | None:
    pictures = {
        kind: as_text(folder / Path(one[kind]).name)
        for kind in ("picture", "heat")
        if kind in one and (folder / Path(one[kind]).name).is_file()
    }
    if "picture" not in pictures:
        return None
    return {"heat": None, **one, **pictures, "stem": Path(one["name"]).stem}


def _epoch_columns(metrics: dict) -> list[tuple[str, str]]:
    """What is known of the epochs: the key, and its title."""
    known = {key for epoch in metrics.get("history") or [] for key in epoch}
    return [(key, title) for key, title in EPOCH_COLUMNS if key in known]


def _layers(folder: Path) -> list[dict]:
    found = sorted(
        (folder / "activations").glob("layer*.png"),
        key=lambda path: int(path.stem.removeprefix("layer") or 0),
    )
    width = next(px for most, px in SHEET_PX if len(found) <= most)
    return [
        {"title": f"Layer {number}", "data": as_text(path, width=width)}
        for number, path in enumerate(found, start=1)
    ]


def _noise(folder: Path) -> dict | None:
    """The first labels in doubt, with their pictures where these were drawn."""
    rows = read_doubts(folder)
    if rows is None:
        return None
    first = [{**row, "picture": None} for row in rows[:DOUBTS]]
    for number, row in enumerate(first, start=1):
        picture = folder / FOLDER / picture_of(number)
        row["picture"] = as_text(picture) if picture.is_file() else None
    issues = sum(row.get("issue") == "yes" for row in rows)
    return {"doubted": len(rows), "issues": issues, "rows": first}


def _share(value) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "none"


def _figure(value) -> str:
    return f"{value:,.0f}" if isinstance(value, int | float) else ""
