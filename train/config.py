"""The recipe of a training run, as one frozen value."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from galaxycurate.errors import InputError, SettingError

PRECISIONS = ("auto", "float32", "bfloat16")
LEAST_BATCH = 8  # BatchNorm needs a few images to take a mean of


@dataclass(frozen=True)
class Config:
    """Everything that decides the result, and nothing else.

    Attributes
    ----------
    epochs : int
        Passes over as many images as the train split holds.
    batch : int
        Images per step, at most; see `steps_share`.
    steps_share : int
        A batch is never more than 1/steps_share of the train split, so that small sets take steps.
    lr : float
        Learning rate of Adam.
    weight_decay : float
        L2 penalty of Adam.
    lr_epochs, lr_factor : int, float
        Every `lr_epochs` epochs the learning rate is multiplied by `lr_factor` (StepLR).
    rotation_deg : float
        Rotations are drawn from 0 to this angle [degree].
    shift : float
        Shifts are drawn up to this share of the side, both ways, on both axes.
    flip : bool
        Mirror half of the images. Off: spirals have a handedness.
    zoom : float
        Keep the central 1/zoom of each image before it is resized.
    size_px : int
        Side of the network's input [pixel].
    seed : int
        Decides weights, sampling, augmentation and, for a folder without a split, the split.
    calibration_batches : int
        Batches of plain training images that set BatchNorm's statistics before an evaluation.
    precision : str
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the hardware multiplies it.
    soft : bool
        Learn the vote fractions of ``soft.csv`` where an image has them, not its label alone.
    """

    epochs: int = 6
    batch: int = 240
    steps_share: int = 16
    lr: float = 1e-3
    weight_decay: float = 1e-4
    lr_epochs: int = 3
    lr_factor: float = 0.7
    rotation_deg: float = 360.0
    shift: float = 0.2
    flip: bool = False
    zoom: float = 1.0
    size_px: int = 128
    seed: int = 0
    calibration_batches: int = 8
    precision: str = "auto"
    soft: bool = False

    def __post_init__(self):
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(
                    f"{name} = {value:g} is outside {low:g} to {high:g}",
                    hint=f"the default is {name}={Config.__dataclass_fields__[name].default:g}",
                )
        if self.precision not in PRECISIONS:
            raise SettingError(
                f"precision = {self.precision} is unknown", hint="one of " + ", ".join(PRECISIONS)
            )

    def batch_for(self, images: int) -> int:
        """The batch size for a train split of so many images."""
        return max(LEAST_BATCH, min(self.batch, images // self.steps_share))


_RANGES = (
    ("epochs", 1, 10_000),
    ("batch", 8, 65_536),
    ("steps_share", 1, 10_000),
    ("lr", 1e-8, 1.0),
    ("weight_decay", 0.0, 1.0),
    ("lr_epochs", 1, 10_000),
    ("lr_factor", 1e-3, 1.0),
    ("rotation_deg", 0.0, 360.0),
    ("shift", 0.0, 0.5),
    ("zoom", 1.0, 20.0),
    ("size_px", 16, 1024),
    ("seed", 0, 2**31 - 1),
    ("calibration_batches", 1, 10_000),
)


def changed(config: Config, values: dict[str, object]) -> Config:
    """The recipe with some values replaced.

    Parameters
    ----------
    config : Config
    values : dict
        Name to value; text is read as the type of the setting.

    Raises
    ------
    SettingError
        An unknown name, a value of the wrong type or outside its range.
    """
    return replace(config, **{name: _typed(name, value) for name, value in values.items()})


def from_toml(path: Path, config: Config | None = None) -> Config:
    """The recipe written in a TOML file, in its ``[train]`` table or at the top.

    Raises
    ------
    InputError
        The file is missing or is not TOML.
    SettingError
        A name or value in it is wrong.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="--config takes a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not TOML: {error}", hint="one setting a line: epochs = 6"
        ) from error
    return changed(config or Config(), content.get("train", content))


def parse_assignments(words: list[str]) -> dict[str, object]:
    """``["shift=0.1", ...]`` as a dict.

    Raises
    ------
    SettingError
        A word has no ``=``.
    """
    for word in words:
        if "=" not in word:
            raise SettingError(f"--set {word} has no value", hint="--set name=value")
    pairs = (word.split("=", 1) for word in words)
    return {name.strip(): value.strip() for name, value in pairs}


def as_dict(config: Config) -> dict[str, object]:
    """The recipe as plain values, for JSON and for the checkpoint."""
    return asdict(config)


def _typed(name: str, value: Any) -> Any:
    kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(Config)}
    if name not in kinds:
        near = difflib.get_close_matches(name, kinds, n=1)
        raise SettingError(
            f"no setting is called {name}",
            hint=f"did you mean {near[0]}?" if near else "settings: " + ", ".join(kinds),
        )
    kind = kinds[name]
    try:
        if kind is bool:
            return _truth(value)
        number = kind(value)
        if kind is int and float(value) != number:
            raise ValueError
        return number
    except (TypeError, ValueError) as error:
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "text")
        raise SettingError(
            f"{name} = {value} is not {wanted}",
            hint=f"the default is {name}={Config.__dataclass_fields__[name].default}",
        ) from error


def _truth(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise ValueError
    return words[str(value).lower()]
