"""The trained detector on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from galaxycurate.errors import InputError
from train.detect.network import CLASSES, build
from train.detect.recipe import Recipe, changed
from train.learn import checkpoint

FORMAT = "galaxycurate-detect 1"
NAME = "detect.pth"


@dataclass(frozen=True)
class Detector:
    """A network that can answer.

    Attributes
    ----------
    model : Module
        In evaluation mode.
    recipe : Recipe
    origin : str
        Which fields taught it, and how many of them were simulated.
    """

    model: nn.Module
    recipe: Recipe
    origin: str


def save(path: Path, detector: Detector) -> None:
    """Write a file that ``torch.load(path, weights_only=True)`` reads."""
    content = {
        "format": FORMAT,
        "classes": list(CLASSES),
        "state_dict": detector.model.state_dict(),
        "recipe": detector.recipe.as_dict(),
        "origin": detector.origin,
    }
    checkpoint.write(Path(path), content)


def load(path: Path) -> Detector:
    """Read what `save` wrote.

    Raises
    ------
    InputError
        It is absent, damaged or no detector.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"no trained detector {path}",
            hint="train one: python -m train detect --train FOLDER, or use sep: --method sep",
        )
    content = checkpoint.read(path)
    if content.get("format") != FORMAT or content.get("classes") != list(CLASSES):
        raise InputError(
            f"{path} is no detector of train", hint="python -m train detect --train FOLDER"
        )
    recipe = changed(Recipe(), content["recipe"])
    model = build(recipe)
    model.load_state_dict(content["state_dict"])
    return Detector(model.eval(), recipe, content["origin"])
