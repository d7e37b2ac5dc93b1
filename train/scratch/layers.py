"""The layers: what each computes, and what it answers when told how its output should change.

Every layer keeps from `forward` what `backward` will need, so calls come in pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from train.scratch.windows import from_columns, padded, to_columns, windows

_HELD = {"default_factory": dict, "init": False, "repr": False, "compare": False}


@dataclass
class Layer:
    """A step of the network.

    Attributes
    ----------
    weights : dict of str to ndarray
        What is learnt; empty for most layers.
    gradients : dict of str to ndarray
        dL/dw of each weight, set by `backward`.
    """

    weights: dict[str, np.ndarray] = field(**_HELD)
    gradients: dict[str, np.ndarray] = field(**_HELD)

    def begin(self, rng: np.random.Generator, dtype) -> None:
        """Draw the first weights."""

    def forward(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """y = f(x). A generator means: this is training."""
        raise NotImplementedError

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """From dL/dy to dL/dx, and dL/dw on the way."""
        raise NotImplementedError


@dataclass
class Conv2d(Layer):
    """Slide kernels over the image: Y = W X + bias, X the windows as columns.

    (b, n_in, h, w) -> (b, n_out, rows, columns), rows = (h + 2 padding - size) // stride + 1.

    Backward, for the same matrices: dW = sum over images of dY X^T, dbias = sum of dY,
    dX = W^T dY, and the columns are added back to the pixels they came from.
    """

    n_in: int
    n_out: int
    size: int = 3
    stride: int = 1
    padding: int = 1

    def begin(self, rng, dtype):
        """He et al. (2015): deviation sqrt(2 / fan in), so that ReLU keeps the variance."""
        fan_in = self.n_in * self.size**2
        kernel = rng.normal(0, np.sqrt(2 / fan_in), (self.n_out, self.n_in, self.size, self.size))
        self.weights = {"kernel": kernel.astype(dtype), "bias": np.zeros(self.n_out, dtype)}

    def forward(self, x, rng=None):
        """(b, n_in, h, w) -> (b, n_out, rows, columns)."""
        wide = padded(x, self.padding)
        self.wide_shape = wide.shape
        self.columns = to_columns(wide, self.size, self.stride)  # (b, n_in size^2, rows columns)
        y = self._matrix() @ self.columns  # (b, n_out, rows columns)
        y += self.weights["bias"][:, None]
        rows, across = ((side - self.size) // self.stride + 1 for side in wide.shape[2:])
        return y.reshape(len(x), self.n_out, rows, across)

    def backward(self, dy):
        """(b, n_out, rows, columns) -> (b, n_in, h, w)."""
        flat = dy.reshape(len(dy), self.n_out, -1)
        kernel = np.matmul(flat, self.columns.transpose(0, 2, 1)).sum(0)
        self.gradients = {
            "kernel": kernel.reshape(self.weights["kernel"].shape),
            "bias": flat.sum((0, 2)),
        }
        wide = from_columns(self._matrix().T @ flat, self.wide_shape, self.size, self.stride)
        edge = self.padding
        return wide[:, :, edge : wide.shape[2] - edge, edge : wide.shape[3] - edge]

    def _matrix(self) -> np.ndarray:
        return self.weights["kernel"].reshape(self.n_out, -1)


@dataclass
class MaxPool2d(Layer):
    """Keep the greatest value of each window; a remainder at the right or below is left out.

    (b, c, h, w) -> (b, c, rows, columns), rows = (h - size) // size + 1.

    Backward: only the greatest value moved the output, so it alone receives the gradient; among
    equals the first, as in torch.
    """

    size: int = 2  # at most 15: places are counted in uint8

    def forward(self, x, rng=None):
        """(b, c, h, w) -> (b, c, h // size, w // size)."""
        self.shape = x.shape
        places = windows(x, self.size, self.size)
        y = places[:, :, 0, 0].copy()
        self.winner = np.zeros(y.shape, np.uint8)
        for place in range(1, self.size**2):
            i, j = divmod(place, self.size)
            value = places[:, :, i, j]
            better = (value > y).view(np.uint8)
            np.maximum(self.winner, place * better, out=self.winner)  # the later place is greater
            np.maximum(y, value, out=y)
        return y

    def backward(self, dy):
        """(b, c, h // size, w // size) -> (b, c, h, w)."""
        dx = np.zeros(self.shape, dy.dtype)
        rows, across = (self.size * side for side in dy.shape[2:])
        for place in range(self.size**2):
            i, j = divmod(place, self.size)
            here = dx[:, :, i : rows : self.size, j : across : self.size]
            np.multiply(dy, self.winner == place, out=here)
        return dx


@dataclass
class ReLU(Layer):
    """y = max(x, 0), any shape. Backward: dx = dy where x > 0, else 0."""

    def forward(self, x, rng=None):
        """Any shape, unchanged."""
        self.positive = x > 0
        return np.maximum(x, 0)

    def backward(self, dy):
        """Any shape, unchanged."""
        return dy * self.positive


@dataclass
class Flatten(Layer):
    """(b, c, h, w) -> (b, c h w). Backward: the same numbers in their old shape."""

    def forward(self, x, rng=None):
        """(b, c, h, w) -> (b, c h w)."""
        self.shape = x.shape
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, dy):
        """(b, c h w) -> (b, c, h, w)."""
        return dy.reshape(self.shape)


@dataclass
class GlobalAverage(Layer):
    """The mean over all pixels, (b, c, h, w) -> (b, c).

    Backward: every pixel had the same part in it, dx = dy / (h w).
    """

    def forward(self, x, rng=None):
        """(b, c, h, w) -> (b, c)."""
        self.shape = x.shape
        return x.mean((2, 3))

    def backward(self, dy):
        """(b, c) -> (b, c, h, w)."""
        even = dy[:, :, None, None] / (self.shape[2] * self.shape[3])
        return np.broadcast_to(even, self.shape).astype(dy.dtype)


@dataclass
class Dense(Layer):
    """Every output from every input: y = x W + bias, (b, n_in) -> (b, n_out).

    Backward: dW = x^T dy, dbias = sum of dy over the batch, dx = dy W^T.
    """

    n_in: int
    n_out: int

    def begin(self, rng, dtype):
        """He et al. (2015), as in `Conv2d`."""
        matrix = rng.normal(0, np.sqrt(2 / self.n_in), (self.n_in, self.n_out))
        self.weights = {"matrix": matrix.astype(dtype), "bias": np.zeros(self.n_out, dtype)}

    def forward(self, x, rng=None):
        """(b, n_in) -> (b, n_out)."""
        self.x = x
        return x @ self.weights["matrix"] + self.weights["bias"]

    def backward(self, dy):
        """(b, n_out) -> (b, n_in)."""
        self.gradients = {"matrix": self.x.T @ dy, "bias": dy.sum(0)}
        return dy @ self.weights["matrix"].T


@dataclass
class Dropout(Layer):
    """In training, silence a random share of the numbers and raise the rest to keep the mean.

    y = x m / (1 - share), m random of 0 and 1; outside training y = x (Srivastava et al. 2014).
    Backward: dx = dy m / (1 - share).
    """

    share: float = 0.5

    def forward(self, x, rng=None):
        """Any shape, unchanged."""
        self.mask = None
        if rng is None:
            return x
        kept = rng.random(x.shape, np.float32) >= self.share
        self.mask = kept.astype(x.dtype) / x.dtype.type(1 - self.share)
        return x * self.mask

    def backward(self, dy):
        """Any shape, unchanged."""
        return dy if self.mask is None else dy * self.mask


KINDS = {
    kind.__name__: kind
    for kind in (Conv2d, MaxPool2d, ReLU, Flatten, GlobalAverage, Dense, Dropout)
}
