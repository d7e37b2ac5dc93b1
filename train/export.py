"""``python -m train export``: a network as one file that other programs run without train.

What can be got wrong lies inside: the file takes pictures as decoders give them (uint8, RGB, rows
of pixels) and answers with probabilities.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import GalaxyCurateError, InputError
from train.files import replacing
from train.learn import checkpoint

KINDS = {"onnx": ".onnx", "pt2": ".pt2"}  # ONNX; torch.export
OPSET = 18
TRIED = 3  # pictures on which a written file is held against the network
TOLERANCE = 1e-4  # of a probability
INSTALL = "pip install 'galaxycurate[onnx]'"


@dataclass(frozen=True)
class Exported:
    """A written file.

    Attributes
    ----------
    path : Path
    facts : dict of str to str
        What is written into it, see `describe`.
    difference : float or None
        Largest difference between its probabilities and the network's; None where nothing here
        can run it.
    """

    path: Path
    facts: dict[str, str]
    difference: float | None


class Complete(nn.Module):
    """A network from picture to probability.

    Parameters
    ----------
    trained : train.learn.checkpoint.Trained
    """

    def __init__(self, trained: checkpoint.Trained):
        super().__init__()
        self.model = trained.model
        self.task = trained.task
        self.register_buffer("mean", torch.tensor(trained.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(trained.std).view(1, 3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Probabilities.

        Parameters
        ----------
        images : Tensor of uint8, shape (b, side, side, 3)
            RGB.

        Returns
        -------
        Tensor of float32, shape (b, n_answers)
        """
        planes = images.permute(0, 3, 1, 2).float()
        return self.task.answers(self.model((planes - self.mean) / self.std)).float()


def export(
    path: Path,
    to: str = "onnx",
    out: Path | None = None,
    *,
    say: Callable[[str], None] = lambda line: None,
) -> Exported:
    """Write a checkpoint in a form that needs no train, and hold it against the network.

    Parameters
    ----------
    path : Path
        The checkpoint.
    to : str
        ``onnx`` (one file, any number of images at once) or ``pt2`` (``torch.export.load``).
    out : Path, optional
        Beside the checkpoint when not given.
    say : callable

    Returns
    -------
    Exported

    Raises
    ------
    InputError
        No such checkpoint, or one of numpy-cnn.
    GalaxyCurateError
        onnx is not installed, or the written file answers otherwise than the network.
    """
    if Path(path).suffix == ".npz":
        raise InputError(
            f"{path} is of numpy-cnn, which is not exported: it is plain arrays already",
            hint="numpy.load(FILE) reads it; networks of torch (.pth) are exported",
        )
    trained = checkpoint.load(path)
    facts = describe(trained, path)
    target = out or path.with_suffix(KINDS[to])
    complete = Complete(trained).eval()
    pictures = _pictures(trained)
    write, answer = (_write_onnx, _ask_onnx) if to == "onnx" else (_write_pt2, _ask_pt2)
    say(f"exporting {path}")
    with torch.no_grad():
        wanted = complete(pictures).numpy()
        with replacing(target) as part:
            write(complete, pictures, part, facts)
            difference = _difference(answer(part, pictures), wanted, target)
    return Exported(target, facts, difference)


def describe(trained: checkpoint.Trained, path: Path) -> dict[str, str]:
    """What a consumer has to know, as texts: it goes into the file.

    Returns
    -------
    dict of str to str
        ``answers`` and ``classes`` (JSON lists), ``input``, ``window`` (JSON: what of a picture
        is kept), ``task``, ``preset``, ``origin``, ``epoch``, ``checkpoint_sha256``.
    """
    data = trained.config.data
    window = {"size_px": data.size_px, "zoom": data.zoom, "crop_px": data.crop_px}
    return {
        "classes": json.dumps(list(trained.classes)),
        "input": f"uint8 (images, {data.size_px}, {data.size_px}, 3), RGB; not normalised",
        "window": json.dumps(window),
        "output": "float32 (images, classes): probabilities",
        "task": trained.config.task,
        "preset": trained.config.preset,
        "origin": trained.origin,
        "epoch": str(trained.epoch),
        "checkpoint_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
    }


def _pictures(trained: checkpoint.Trained) -> torch.Tensor:
    """Noise of the brightness and contrast of the training images."""
    side = trained.config.data.size_px
    noise = np.random.default_rng(0).normal(trained.mean, trained.std, (TRIED, side, side, 3))
    return torch.from_numpy(noise.clip(0, 255).astype(np.uint8))


def _difference(found, wanted: np.ndarray, target: Path) -> float | None:
    if found is None:
        return None
    difference = float(np.abs(found - wanted).max())
    if not difference <= TOLERANCE:
        raise GalaxyCurateError(
            f"{target} would answer otherwise than the network, by up to {difference:.2g}",
            hint="nothing was written; another --to may do",
        )
    return difference


def _write_onnx(complete: Complete, pictures: torch.Tensor, path: Path, facts: dict) -> None:
    _require_onnx()
    program = torch.onnx.export(
        complete,
        (pictures,),
        dynamo=True,
        input_names=["images"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        opset_version=OPSET,
        verbose=False,
    )
    program.model.metadata_props.update(facts)
    program.save(path, external_data=False)


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise GalaxyCurateError(
            f"exporting to ONNX needs {error.name}, which is not installed", hint=INSTALL
        ) from error
    if "dynamo" not in inspect.signature(torch.onnx.export).parameters:
        raise GalaxyCurateError(
            f"exporting to ONNX needs torch 2.5, here is {torch.__version__}", hint="--to pt2"
        )


def _ask_onnx(path: Path, pictures: torch.Tensor) -> np.ndarray | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": pictures.numpy()})[0]


def _write_pt2(complete: Complete, pictures: torch.Tensor, path: Path, facts: dict) -> None:
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(complete, (pictures,), dynamic_shapes=({0: batch},))
    torch.export.save(program, path, extra_files={"facts.json": json.dumps(facts)})


def _ask_pt2(path: Path, pictures: torch.Tensor) -> np.ndarray:
    return torch.export.load(path).module()(pictures).numpy()
