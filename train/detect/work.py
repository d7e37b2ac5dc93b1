"""The two verbs: teach a detector from a folder, and look through fields with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import SettingError
from train.detect import classical, score, starlike
from train.detect.annotate import annotated
from train.detect.fields import Field
from train.detect.found import Found, as_table
from train.detect.frames import gather
from train.detect.listing import STAR, on_field, read
from train.detect.naming import named
from train.detect.recipe import Recipe
from train.files import replacing

METHODS = ("net", "sep")


@dataclass(frozen=True)
class Question:
    """How fields are looked through.

    Attributes
    ----------
    method : {'net', 'sep'}
    weights : Path
        Of the network.
    classifier : Path or None
        A checkpoint of ``fit`` that names the galaxies.
    score : float or None
        What scores less is not told; None: the recipe's.
    galaxies, stars : Path or None
        Lists to judge the answer by.
    limit_r : float
        Of the listed galaxies that should be found [mag].
    device : str
    """

    method: str = "net"
    weights: Path = Path("detect.pth")
    classifier: Path | None = None
    score: float | None = None
    galaxies: Path | None = None
    stars: Path | None = None
    limit_r: float = 20.0
    device: str = "auto"

    def __post_init__(self):
        if self.method not in METHODS:
            raise SettingError(f"no method {self.method}", hint="--method net, or --method sep")
        if self.score is not None and not 0 <= self.score < 1:
            raise SettingError(f"score {self.score:g} is outside 0 to 1", hint="--score 0.5")


def learn(
    folder: Path,
    out: Path,
    recipe: Recipe,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Teach a detector from frames and tables, and write it; a halted training goes on.

    Parameters
    ----------
    folder : Path
        See `lessons.read`.
    out : Path
        Where the weights go; a training on its way is kept beside it, as ``NAME.last.pth``.
    recipe : Recipe
    device : str
    say : callable

    Returns
    -------
    dict
        ``weights``, ``fields``, ``simulated``, ``galaxies``, ``parameters``, ``seconds``,
        ``loss`` (mean of the last tenth of the steps).
    """
    from train.detect import lessons, network, teach, weights
    from train.device import describe, pick_device, pick_precision, prepare

    network.build(recipe)  # a torchvision that does not load is told before the frames are read
    where = pick_device(device)
    precision = pick_precision(where)
    prepare(where)
    pages = lessons.read(folder, recipe, say)
    simulated = sum(page.simulated for page in pages)
    steps = f"{recipe.steps} steps of {recipe.batch} tiles"
    say(f"{len(pages)} fields, {steps}, {describe(where, precision)}")
    halted = out.with_suffix(".last.pth")
    course = teach.teach(pages, recipe, device=where, precision=precision, halted=halted, say=say)
    origin = f"{len(pages)} fields, {simulated} of them simulated"
    weights.save(out, weights.Detector(course.model.cpu(), recipe, origin))
    halted.unlink(missing_ok=True)
    return {
        "weights": str(out), "fields": len(pages), "simulated": simulated,
        "galaxies": int(sum((page.labels == 0).sum() for page in pages)),
        "parameters": sum(p.numel() for p in course.model.parameters()),
        "seconds": round(course.seconds, 1),
        "loss": round(float(course.loss[-max(1, recipe.steps // 10) :].mean()), 4),
    }  # fmt: skip


def look(
    sources: list[Path],
    out: Path,
    question: Question,
    *,
    say: Callable[[str], None] = lambda line: None,
) -> list[dict]:
    """Find the galaxies of fields; write a table and a picture of each.

    Parameters
    ----------
    sources : list of Path
        See `fields.gather`.
    out : Path
        A folder.
    question : Question
    say : callable

    Returns
    -------
    list of dict
        Of each field ``field``, ``found``, ``like_stars`` (of these, to sep), ``simulated``,
        ``no_light`` (share of r without a value), ``files`` and, with a list, ``score`` and
        ``beside`` (of sep, where a network was asked).
    """
    asked = gather(sources)
    find = _finder(question, say)
    return [_one(files, Path(out), question, find, say) for files in asked]


def _one(files, out: Path, question: Question, find, say) -> dict:
    with Field(files) as field:
        no_light = _checked(field, say)
        everything, threshold, method = find(field)
        beside = starlike.by_sep(field, say) if question.method == "net" else everything
        told = starlike.beside(everything.where(everything.score >= threshold), beside)
        if question.classifier is not None:
            told = named(told, field, question.classifier, device=question.device, say=say)
        facts = {
            "field": field.name, "found": len(told), "simulated": field.simulated,
            "no_light": no_light, "method": method,
            "like_stars": starlike.like_stars(told, field.name, say),
        }  # fmt: skip
        listed = None
        if question.galaxies is not None:
            listed, judged = _judged(field, everything, beside, threshold, question)
            facts.update(judged)
        title = f"{field.name}: {len(told)} galaxies by {method}, score from {threshold:.2f}"
        title += "; circles: listed galaxies" if listed is not None else ""
        facts["files"] = _written(out, field, told, title, listed, method)
        return facts


def _finder(question: Question, say):
    """A function of a field: what was found, the threshold, who found it."""
    if question.method == "sep":
        threshold = 0.5 if question.score is None else question.score
        return lambda field: (classical.find(field), threshold, "sep")
    from train.detect import weights
    from train.detect.find import find
    from train.device import pick_device, pick_precision, prepare

    detector = weights.load(question.weights)
    if ", 0 of them" not in detector.origin:
        say(f"note: the detector learnt from {detector.origin}")
    where = pick_device(question.device)
    prepare(where)
    precision = pick_precision(where)
    threshold = detector.recipe.score if question.score is None else question.score

    def by_network(field: Field):
        found = find(detector.model, detector.recipe, field, device=where, precision=precision)
        return found, threshold, f"network ({detector.origin})"

    return by_network


def _checked(field: Field, say) -> float:
    """Share of r without a value; what is odd about the frames is told."""
    height, width = field.shape
    bad = 0
    for top in range(0, height, 1024):
        light = field.planes["r"].window(top, min(top + 1024, height), 0, width)
        bad += int((~np.isfinite(light)).sum())
    share = bad / (height * width)
    if share:
        say(f"warning: {field.name}: {100 * share:.1f} % of r has no value (NaN); it is left out")
    for plane in field.planes.values():
        unit = str(plane.header.get("BUNIT", "")).strip().lower()
        if not unit.startswith("nanomagg"):
            say(
                f"warning: {plane.path.name} is in {unit or 'no unit'}, not nanomaggies: colours "
                "and magnitudes may be off"
            )
    return round(share, 6)


def _judged(field: Field, found: Found, beside: Found | None, threshold: float, question: Question):
    tables = [read(question.galaxies)]
    if question.stars is not None:
        stars = read(question.stars)
        stars["type"] = STAR
        tables.append(stars)
    listed = on_field(field, tables)
    mag = score.listed_magnitudes(field, listed)
    facts = {
        "score": score.judged(
            found, listed, mag, limit_r=question.limit_r, threshold=threshold
        ).as_dict()
    }
    if question.method == "net" and beside is not None:
        by_sep = score.judged(beside, listed, mag, limit_r=question.limit_r, threshold=0.5)
        facts["beside"] = by_sep.as_dict()
    return listed.xy[listed.galaxy], facts


def _written(out: Path, field: Field, told: Found, title: str, listed, method: str) -> list[str]:
    table = as_table(told, field, method=method)
    table.meta["simulated sky"] = field.simulated
    paths = [out / f"{field.name}{end}" for end in (".csv", ".ecsv", ".png")]
    for path, form in zip(paths[:2], ("ascii.csv", "ascii.ecsv"), strict=True):
        with replacing(path) as part:
            table.write(part, format=form, overwrite=True)
    with replacing(paths[2]) as part:
        annotated(field, told, title=title, listed=listed).save(part)
    return [str(path) for path in paths]
