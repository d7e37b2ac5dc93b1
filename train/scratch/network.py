"""The layers in a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from galaxycurate.errors import InputError
from train.files import replacing
from train.scratch.layers import (
    KINDS,
    Conv2d,
    Dense,
    Dropout,
    GlobalAverage,
    Layer,
    MaxPool2d,
    ReLU,
)
from train.scratch.loss import softmax

BATCH = 64  # images whose columns are in memory at a time
CHANNELS = (16, 32, 64)  # of the convolutions of `small_network`


class Network:
    """Layers, one after the other.

    Parameters
    ----------
    layers : sequence of Layer
    seed : int
        Decides the first weights.
    dtype : dtype
        float32, or float64 to check the equations.
    """

    def __init__(self, layers: Sequence[Layer], *, seed: int = 0, dtype=np.float32):
        self.layers = list(layers)
        self.dtype = np.dtype(dtype)
        rng = np.random.default_rng(seed)
        for layer in self.layers:
            layer.begin(rng, self.dtype)

    def forward(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """The scores of a batch.

        Parameters
        ----------
        x : ndarray, shape (b, c, h, w)
        rng : numpy.random.Generator, optional
            Given in training: `Dropout` draws from it.

        Returns
        -------
        ndarray, shape (b, n_classes)
        """
        for layer in self.layers:
            x = layer.forward(x, rng)
        return x

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        """Lead dL/d(scores) back through all layers, the last one first.

        Parameters
        ----------
        gradient : ndarray, shape (b, n_classes)

        Returns
        -------
        ndarray, shape (b, c, h, w)
            dL/d(images). Those of the weights: `gradients`.
        """
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient

    def parameters(self) -> dict[str, np.ndarray]:
        """The weights themselves, such as ``0.kernel``: layer and name."""
        return self._named("weights")

    def gradients(self) -> dict[str, np.ndarray]:
        """dL/dw of the last `backward`, under the names of `parameters`."""
        return self._named("gradients")

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """The softmax of the scores, outside training.

        Parameters
        ----------
        x : ndarray, shape (b, c, h, w)

        Returns
        -------
        ndarray of float64, shape (b, n_classes)
        """
        parts = [x[at : at + BATCH] for at in range(0, max(len(x), 1), BATCH)]
        return np.concatenate([softmax(self.forward(part).astype(np.float64)) for part in parts])

    def activations(self, x: np.ndarray) -> list[np.ndarray]:
        """What every convolution sees: the maps after its ReLU, each (b, channels, h, w)."""
        maps = []
        for layer in self.layers:
            x = layer.forward(x)
            if isinstance(layer, ReLU) and x.ndim == 4:
                maps.append(x)
        return maps

    def evidence(self, x: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Where in the last maps A a class was found: Grad-CAM (Selvaraju et al. 2017).

        sum_k a_k A_k, where a_k is the mean of d(score of the class)/dA_k over the map.

        Parameters
        ----------
        x : ndarray, shape (b, c, h, w)
        label : ndarray of int64, shape (b,)

        Returns
        -------
        ndarray, shape (b, h', w')
            What is negative speaks against the class.
        """
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1]))
        last = max(at for at, output in enumerate(outputs) if output.ndim == 4)
        gradient = np.eye(outputs[-1].shape[1], dtype=self.dtype)[label]
        for layer in reversed(self.layers[last:]):
            gradient = layer.backward(gradient)
        return (gradient.mean((2, 3), keepdims=True) * outputs[last]).sum(1)

    def _named(self, kind: str) -> dict[str, np.ndarray]:
        return {
            f"{index}.{name}": array
            for index, layer in enumerate(self.layers)
            for name, array in getattr(layer, kind).items()
        }


def small_network(n_out: int, *, dropout: float = 0.0, seed: int = 0) -> Network:
    """Three convolutions, each halving the side; the mean over the image; one score a class.

    (b, 3, s, s) -> (b, 16, s/2, s/2) -> (b, 32, s/4, s/4) -> (b, 64, s/8, s/8) -> (b, 64)
    -> (b, n_out). Pooling stands before ReLU: max and ReLU may change places, and so ReLU has a
    quarter of the work.
    """
    layers = []
    for n_in, n_channels in zip((3, *CHANNELS), CHANNELS, strict=False):
        layers += [Conv2d(n_in, n_channels), MaxPool2d(2), ReLU()]
    layers += [GlobalAverage(), Dropout(dropout), Dense(CHANNELS[-1], n_out)]
    return Network(layers, seed=seed)


def save(path: Path, network: Network, **facts) -> None:
    """Write layers and weights to an ``.npz`` file, whole or not at all.

    Parameters
    ----------
    path : Path
    network : Network
    **facts
        Whatever JSON can hold, to be kept beside the weights; arrays are kept as arrays.
    """
    arrays = {name: value for name, value in facts.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in facts.items() if name not in arrays}
    content = {f"weights/{name}": array for name, array in network.parameters().items()}
    content |= {f"facts/{name}": array for name, array in arrays.items()}
    text = json.dumps({"layers": [_told(layer) for layer in network.layers], "facts": plain})
    with replacing(Path(path)) as part:
        np.savez(part, text=np.array(text), **content)


def load(path: Path) -> tuple[Network, dict]:
    """Read what `save` wrote.

    Returns
    -------
    network : Network
    facts : dict

    Raises
    ------
    InputError
        The file is missing, or is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        told = json.loads(str(content.pop("text")))
        layers = [KINDS[one.pop("kind")](**one) for one in told["layers"]]
        weights = {name[8:]: array for name, array in content.items() if name[:8] == "weights/"}
        network = Network(layers, dtype=next(iter(weights.values())).dtype)
        for name, array in network.parameters().items():
            array[...] = weights[name]
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}", hint="give the .npz file of a run"
        ) from error
    except (BadZipFile, KeyError, TypeError, ValueError, EOFError, StopIteration) as error:
        raise InputError(
            f"{path} is no network of numpy-cnn", hint="give the .npz file of a run"
        ) from error
    arrays = {name[6:]: array for name, array in content.items() if name[:6] == "facts/"}
    return network, told["facts"] | arrays


def _told(layer: Layer) -> dict:
    return {
        "kind": type(layer).__name__,
        **{item.name: getattr(layer, item.name) for item in fields(layer) if item.init},
    }
