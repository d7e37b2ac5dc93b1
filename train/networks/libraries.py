"""Libraries that some networks need and others can do without."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch

from galaxycurate.errors import GalaxyCurateError, first_line
from train.device import torchvision_doubt

MEND = "uv pip install --reinstall torch torchvision --torch-backend auto"
WITHOUT = "galaxy-cnn, keras-cnn, galaxy10-binary and tiny-4 do without it"


def library(name: str, network: str) -> ModuleType:
    """Import torchvision or timm, or say in a line what is wrong and what to type.

    A torchvision that was built for another torch (CPU beside CUDA) fails in its first line, and
    timm with it.

    Parameters
    ----------
    name : str
        ``torchvision`` or ``timm``.
    network : str
        Who asks for it.

    Raises
    ------
    GalaxyCurateError
        It is absent or does not load.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        extra = "timm" if error.name == "timm" else "train"
        raise GalaxyCurateError(
            f"{network} needs {error.name}, which is not installed",
            hint=f"pip install 'galaxycurate[{extra}]'; {WITHOUT}",
        ) from error
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        doubt = torchvision_doubt(torch.version.cuda)
        why = doubt.partition(". ")[0] if doubt else first_line(error)
        raise GalaxyCurateError(
            f"{network} needs torchvision, which does not load: {why}", hint=f"{MEND}; {WITHOUT}"
        ) from error
