"""The recipe of a training run, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass

from galaxycurate.errors import SettingError

LEAST_BATCH = 8  # BatchNorm needs a few images to take a mean of


@dataclass(frozen=True)
class Network:
    """What is trained.

    Attributes
    ----------
    name : str
        A network of `train.networks`, or ``timm:<name>``.
    weights : str
        Where its first weights come from: empty for chance, ``pretrained`` for what its library
        offers (asks the network), or the path of a checkpoint whose encoder is taken.
    frozen : bool
        Learn only the last layer. BatchNorm's statistics still become those of the new images.
    dropout : float
        Share of the features before the last layer that a step leaves out.
    """

    name: str = "galaxy-cnn"
    weights: str = ""
    frozen: bool = False
    dropout: float = 0.0


@dataclass(frozen=True)
class Data:
    """What of an image the network sees.

    Attributes
    ----------
    size_px : int
        Side of the network's input [pixel].
    zoom : float
        Keep the central 1/zoom of each image before it is resized.
    crop_px : int
        Keep the central square of this side [pixel of the file]; 0: all of it, as `zoom` says.
    soft : bool
        Learn the vote fractions of ``soft.csv`` where an image has them, not its label alone.
    split : str
        How a folder without splits is divided: ``stratified`` or ``random``.
    allow_leaks : bool
        Train on a split whose sides are proven to share pictures or sky.
    votes : str
        The table of a recipe that learns votes; ``auto``: that of the images' folder, see
        `train.data.vote_table.find_votes`.
    """

    size_px: int = 128
    zoom: float = 1.0
    crop_px: int = 0
    soft: bool = False
    split: str = "stratified"
    allow_leaks: bool = False
    votes: str = "auto"


@dataclass(frozen=True)
class Augment:
    """How a training image is changed, anew each time it is drawn.

    Attributes
    ----------
    rotation_deg : float
        Rotations are drawn from 0 to this angle [degree].
    shift : float
        Shifts are drawn up to this share of the side, both ways, on both axes.
    flip : bool
        Mirror half of the images. Off: spirals have a handedness.
    scale : float
        Enlarge or shrink by a factor drawn between 1/(1 + scale) and 1 + scale.
    perspective : float
        Corners are moved by up to this share of half the side.
    mixup : float
        Blend each image and its label with another of the batch; the shares are drawn from
        Beta(mixup, mixup), one for a batch (Zhang et al. 2018, arXiv:1710.09412). 0: none.
    brightness, contrast, saturation, hue : float
        Colour jitter: factors from 1 - x to 1 + x, and hue turned by up to x of the circle.
    """

    rotation_deg: float = 360.0
    shift: float = 0.2
    flip: bool = False
    scale: float = 0.0
    perspective: float = 0.0
    mixup: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0


@dataclass(frozen=True)
class Optim:
    """How the weights are moved.

    Attributes
    ----------
    method : str
        ``adam``, ``adamw`` or ``sgd`` (momentum 0.9).
    lr : float
        Learning rate, the greatest of its schedule.
    weight_decay : float
        L2 penalty; with ``adamw`` decoupled from the gradient, and of matrices and kernels only.
    schedule : str
        ``step``: every `lr_epochs` epochs times `lr_factor`; ``cosine``: down to zero along a
        cosine; ``constant``.
    warmup_epochs : float
        The rate climbs from zero over so many epochs.
    lr_epochs, lr_factor : int, float
        Of the ``step`` schedule.
    label_smoothing : float
        Share of each label that is spread over all classes.
    average : float
        Decay of a running average of the weights, which is what is judged and kept; 0: none.
    """

    method: str = "adam"
    lr: float = 1e-3
    weight_decay: float = 1e-4
    schedule: str = "step"
    warmup_epochs: float = 0.0
    lr_epochs: int = 3
    lr_factor: float = 0.7
    label_smoothing: float = 0.0
    average: float = 0.0


@dataclass(frozen=True)
class Config:
    """Everything that decides the result, and nothing else.

    Attributes
    ----------
    preset : str
        The preset that it began from.
    task : str
        ``classes`` (softmax), ``binary`` (one sigmoid) or ``votes`` (37 fractions).
    epochs : int
        Passes over as many images as the train split holds.
    batch : int
        Images per step, at most; see `steps_share`.
    steps_share : int
        A batch is never more than 1/steps_share of the train split, so that small sets take steps.
    sampling : str
        ``balanced``: every class as often as every other; ``natural``: every image once an epoch.
    seed : int
        Decides weights, sampling, augmentation and, for a folder without a split, the split.
    calibration_batches : int
        Batches of plain training images that set BatchNorm's statistics before an evaluation.
    precision : str
        ``float32`` (in full, without TF32), ``bfloat16``, or ``auto``: bfloat16 where the hardware
        multiplies it.
    compile : str
        ``auto``: torch.compile on a GPU where the run is long enough to repay it; ``always``;
        ``never``.
    prior : str
        How common the classes are where the network answers: ``sampled``, as `sampling` showed
        them; ``natural``, as in the train split; ``balanced``, all alike. The last layer's bias is
        corrected for it after training.
    views : int
        Answers are the mean over so many of the eight turns and mirrors of an image: 1, 2, 4, 8.
        The epochs are compared on one view.
    network, data, augment, optim
        The parts.
    """

    preset: str = "galaxy-cnn"
    task: str = "classes"
    epochs: int = 6
    batch: int = 240
    steps_share: int = 16
    sampling: str = "balanced"
    seed: int = 0
    calibration_batches: int = 8
    precision: str = "auto"
    compile: str = "auto"
    prior: str = "sampled"
    views: int = 1
    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    augment: Augment = field(default_factory=Augment)
    optim: Optim = field(default_factory=Optim)

    def __post_init__(self):
        for name, value in flat(self).items():
            _check(name, value)

    def batch_for(self, images: int) -> int:
        """The batch size for a train split of so many images."""
        return max(LEAST_BATCH, min(self.batch, images // self.steps_share))


def flat(config) -> dict[str, object]:
    """The recipe as plain values under dotted names: ``{"epochs": 6, "optim.lr": 0.001, ...}``."""
    values: dict[str, object] = {}
    for one in fields(config):
        value = getattr(config, one.name)
        if is_dataclass(value):
            values |= {f"{one.name}.{name}": inner for name, inner in flat(value).items()}
        else:
            values[one.name] = value
    return values


RANGES = {
    "epochs": (1, 10_000),
    "batch": (8, 65_536),
    "steps_share": (1, 10_000),
    "seed": (0, 2**31 - 1),
    "calibration_batches": (1, 10_000),
    "network.dropout": (0.0, 0.95),
    "data.size_px": (16, 1024),
    "data.zoom": (1.0, 20.0),
    "data.crop_px": (0, 100_000),
    "augment.rotation_deg": (0.0, 360.0),
    "augment.shift": (0.0, 0.5),
    "augment.scale": (0.0, 1.0),
    "augment.perspective": (0.0, 0.9),
    "augment.mixup": (0.0, 2.0),
    "augment.brightness": (0.0, 1.0),
    "augment.contrast": (0.0, 1.0),
    "augment.saturation": (0.0, 1.0),
    "augment.hue": (0.0, 0.5),
    "optim.lr": (1e-8, 1.0),
    "optim.weight_decay": (0.0, 1.0),
    "optim.warmup_epochs": (0.0, 10_000),
    "optim.lr_epochs": (1, 10_000),
    "optim.lr_factor": (1e-3, 1.0),
    "optim.label_smoothing": (0.0, 0.5),
    "optim.average": (0.0, 0.99999),
}
CHOICES = {
    "task": ("classes", "binary", "votes"),
    "sampling": ("balanced", "natural"),
    "precision": ("auto", "float32", "bfloat16"),
    "compile": ("auto", "always", "never"),
    "prior": ("sampled", "natural", "balanced"),
    "views": (1, 2, 4, 8),
    "data.split": ("stratified", "random"),
    "optim.method": ("adam", "adamw", "sgd"),
    "optim.schedule": ("step", "cosine", "constant"),
}


def _check(name: str, value) -> None:
    if name in RANGES:
        low, high = RANGES[name]
        if not low <= value <= high:
            raise SettingError(
                f"{name} = {value:g} is outside {low:g} to {high:g}",
                hint=f"the default is {name}={_default(name):g}",
            )
    if name in CHOICES and value not in CHOICES[name]:
        named = ", ".join(map(str, CHOICES[name]))
        raise SettingError(f"{name} = {value} is unknown", hint=f"one of {named}")


def _default(name: str):
    *part, leaf = name.split(".")
    kind = {"network": Network, "data": Data, "augment": Augment, "optim": Optim}
    return getattr(kind[part[0]] if part else Config, leaf)
