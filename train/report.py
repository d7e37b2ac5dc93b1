"""``python -m train report``: a run's report, made anew from what lies in its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from galaxycurate.errors import GalaxyCurateError, InputError
from train import outcome
from train.asked import Asked, open_network
from train.data.decode import decode
from train.files import read_json, write_json, write_text
from train.judge.predictions import Answers, read_predictions
from train.show.doubts import write_doubts
from train.show.examples import read_examples
from train.show.report import render

FOLDS = "folds.json"
HALTED = ("last.pth", "last.npz")  # what training goes on from, no networks to ask


def report(
    out: Path,
    *,
    data: Path | None = None,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> tuple[str, ...]:
    """Write ``report.html`` of a finished run, or of finished folds; nothing is trained or tested.

    Pictures, Grad-CAM, layers and the colour check are made anew where the network and the test
    images are there; where not, those of the folder are taken, and the report says what is missing.
    Of a run that learnt votes those of the folder are always taken.

    Parameters
    ----------
    out : Path
        The run's folder.
    data : Path, optional
        Where the tree lies now, if it moved.
    device : str
        As in `train.device.pick_device`.
    say : callable

    Returns
    -------
    tuple of str
        What is missing; the report says it, too.

    Raises
    ------
    InputError
        The folder holds no finished run.
    """
    metrics = read_json(out / outcome.METRICS) or _of_folds(read_json(out / FOLDS))
    if not isinstance(metrics.get("test"), dict):
        raise InputError(
            f"{out} holds no finished run",
            hint="python -m train fit writes it; give the folder that holds metrics.json",
        )
    root = Path(data or metrics.get("data", {}).get("root", ""))
    classed = "confusion" in metrics["test"] and "folds" not in metrics
    missing = _drawn_anew(out, metrics, root, device, say) if classed else ()
    write_doubts(out, root)
    for line in missing:
        say(f"warning: {line}")
    if classed:
        outcome.draw_numbers(out, metrics)
    write_text(out / outcome.REPORT, render(metrics, out, missing=missing))
    return missing


def _of_folds(found: dict) -> dict:
    """What folds found, in the form of a run's metrics."""
    if "pooled" not in found:
        return {}
    return {
        "test": found["pooled"],
        "folds": {"count": found["folds"], "held_out": found["held_out"], **found["metrics"]},
        "origin": found["origin"],
        "simulated": found["simulated"],
        "data": {"split_kind": found["split_kind"]},
    }


def _drawn_anew(out: Path, metrics: dict, root: Path, device: str, say) -> tuple[str, ...]:
    """Draw what needs images and network; tell why where it cannot be done."""
    try:
        answers = read_predictions(out / outcome.PREDICTIONS)
        network = open_network(_network(out, metrics), device)
        there = [(root / name).is_file() for name in answers.names]
        if not any(there):
            raise InputError(f"no test image lies in {root}", hint="--data FOLDER, if it moved")
        if network.classes != answers.classes:
            raise InputError(
                f"{outcome.PREDICTIONS} is of another network", hint="python -m train --restart"
            )
    except GalaxyCurateError as error:
        kept = "those of the run are shown" if read_examples(out) else "none are shown"
        hint = f" ({error.hint})" if error.hint else ""
        return (f"No pictures could be made anew, {kept}: {error}{hint}.",)
    say(f"asking the network for {sum(there):,} test images")
    _draw(out, metrics, network, _only(answers, np.flatnonzero(there)), root)
    gone = len(there) - sum(there)
    return (f"{gone:,} of {len(there):,} test images are not in {root} any more.",) if gone else ()


def _draw(out: Path, metrics: dict, network: Asked, answers: Answers, root: Path) -> None:
    def pictures(rows) -> np.ndarray:
        names = np.array(answers.names, object)[rows]
        side = network.window.size_px
        images = [decode(root / name, network.window) for name in names]
        return np.stack(images) if images else np.zeros((0, side, side, 3), np.uint8)

    outcome.draw_pictures(out, network, answers, pictures, note=outcome.note_of(metrics))
    if "colour" not in metrics:  # of a run before there was such a check
        metrics["colour"] = outcome.colours(network, answers, pictures)
        write_json(out / outcome.METRICS, metrics)


def _only(answers: Answers, rows: np.ndarray) -> Answers:
    names = tuple(answers.names[row] for row in rows)
    return Answers(names, answers.classes, answers.truth[rows], answers.probability[rows])


def _network(out: Path, metrics: dict) -> Path:
    if metrics.get("checkpoint"):
        return out / metrics["checkpoint"]
    found = [p for kind in ("*.pth", "*.npz") for p in out.glob(kind) if p.name not in HALTED]
    if len(found) != 1:
        raise InputError(
            f"{out} holds {len(found)} networks; one was expected",
            hint="keep the one that metrics.json tells of, and move the others away",
        )
    return found[0]
