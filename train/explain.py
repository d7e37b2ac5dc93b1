"""``python -m train explain``: what a network makes of single images, and where it looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, SettingError
from train.asked import Asked, open_network
from train.data.decode import decode
from train.data.votes import KINDS
from train.files import write_text
from train.show.examples import save_picture
from train.show.figures import layers_figure, save_figure
from train.show.gradcam import overlay
from train.show.report import as_text, page

INDEX = "index.html"
SHEET_PX = 1000  # width of a sheet of maps in the page [pixel]


def explain(
    path: Path,
    files: list[Path],
    out: Path,
    *,
    about: str | None = None,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Show what a network makes of images: a folder for each, and one page of all.

    Parameters
    ----------
    path : Path
        The checkpoint.
    files : list of Path
        Images.
    out : Path
        The folder that is written.
    about : str, optional
        The class that Grad-CAM is asked for; that of the answer when not given.
    device : str
        As in `train.device.pick_device`.
    say : callable

    Returns
    -------
    dict
        ``page`` (its path), ``images`` (of each: name, answer, its surety, probability, folder),
        ``bad`` (files that could not be read: file, reason). The answer of a network of votes is
        the leading one to the first question.

    Raises
    ------
    InputError
        No such checkpoint, or no file could be read.
    SettingError
        The network knows no class of the name `about`.
    """
    network = open_network(path, device)
    if about is not None and about not in network.classes:
        raise SettingError(
            f"{path} knows no class {about}", hint="its classes: " + ", ".join(network.classes)
        )
    images, bad = [], []
    for file in files:
        try:
            picture = decode(file, network.window)
        except InputError as error:
            bad.append({"file": str(file), "reason": str(error)})
            say(f"warning: {file}: {error}")
            continue
        folder = out / f"{len(images) + 1:03d}-{_harmless(file.stem)}"
        images.append(_one(network, picture, file, folder, about))
        say(f"{file}: {images[-1]['answer']} {images[-1]['surety']:.4f}")
    if not images:
        raise InputError("none of the images can be read", hint="look at the reasons above")
    facts = {"name": path.name, "classes": network.classes, "about": about, "bad": bad}
    facts["origin"] = network.origin
    shown = [_embedded(one) for one in images]
    write_text(out / INDEX, page("explain.html.j2", images=shown, **facts))
    return {"page": str(out / INDEX), "images": images, "bad": bad}


def _one(network: Asked, picture: np.ndarray, file: Path, folder: Path, about) -> dict:
    some = picture[None]
    probability = network.answers(some)[0]
    named = KINDS if network.task == "votes" else network.classes  # of 37: the first question's
    answer = int(probability[: len(named)].argmax())
    asked = answer if about is None else network.classes.index(about)
    heat = network.heat(some, np.array([asked]))[0]
    save_picture(folder, "picture.jpg", picture)
    save_picture(folder, "heat.jpg", overlay(picture, heat))
    layers = [(name, maps[0]) for name, maps in network.activations(some)]
    note = "of a network that learnt from simulated pixels" * _simulated(network)
    save_figure(folder / "layers.png", layers_figure(picture, layers, note))
    return {
        "name": str(file),
        "answer": named[answer],
        "asked": network.classes[asked],
        "surety": float(probability[answer]),
        "probability": probability.tolist(),
        "folder": str(folder),
    }


def _embedded(one: dict) -> dict:
    folder = Path(one["folder"])
    return {
        **one,
        "picture": as_text(folder / "picture.jpg"),
        "heat": as_text(folder / "heat.jpg"),
        "layers": as_text(folder / "layers.png", width=SHEET_PX),
    }


def _simulated(network: Asked) -> bool:
    return "simulated" in network.origin.lower()


def _harmless(stem: str) -> str:
    """A file's name as a folder's: nothing but letters, digits, dots and dashes."""
    return re.sub(r"[^\w.-]+", "_", stem)[:60].strip(".")
