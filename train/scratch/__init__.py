"""A convolutional network from scratch, in NumPy alone: every equation of the others, to be read.

Read in this order: `windows` (a picture as a matrix), `layers` (forward and backward), `loss`
(cross-entropy), `optim` (descent), `network` (the layers in a row), `training` (epochs). `run` is
what ``python -m train fit --preset numpy-cnn`` calls.

A batch of images is one array of shape (b, c, h, w): images, channels, rows, columns. Through all
files runs one idea, the chain rule: a layer y = f(x; w) is told dL/dy, "how the loss changes with
my output", and answers dL/dw for itself and dL/dx for the layer before it.
"""

from __future__ import annotations

from train.scratch.layers import Conv2d, Dense, Dropout, Flatten, GlobalAverage, MaxPool2d, ReLU
from train.scratch.loss import cross_entropy, softmax
from train.scratch.network import Network, load, save
from train.scratch.optim import SGD, Adam

__all__ = [
    "SGD", "Adam", "Conv2d", "Dense", "Dropout", "Flatten", "GlobalAverage", "MaxPool2d",
    "Network", "ReLU", "cross_entropy", "load", "save", "softmax",
]  # fmt: skip
