"""A small CNN as Keras' own tutorials draw it, for spiral, elliptical and irregular."""

from __future__ import annotations

import torch
from torch import nn

from galaxycurate.errors import SettingError

CHANNELS = (16, 32, 64, 64)
HIDDEN = 64


class TwoDense(nn.Module):
    """Blocks of convolutions, each halved by max pooling, then two dense layers; as Keras begins.

    Parameters
    ----------
    blocks : ModuleList
    n_flat, n_hidden, n_out : int
        Values behind the last pooling, in the hidden layer, and scores for each image.
    dropout : float
        Share of the hidden values that a training step leaves out.
    """

    def __init__(self, blocks, n_flat: int, n_hidden: int, n_out: int, *, dropout: float):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.hidden = nn.Linear(n_flat, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_hidden, n_out)
        self.apply(glorot)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, shape (b, n_out), of images (b, 3, size_px, size_px)."""
        for block in self.blocks:
            images = nn.functional.max_pool2d(block(images), 2)
        return self.head(self.dropout(torch.relu(self.hidden(images.flatten(1)))))


class KerasCNN(TwoDense):
    """Four 3x3 convolutions, each halved by max pooling, and two dense layers.

    Parameters
    ----------
    n_out : int
        Scores for each image.
    size_px : int
        Side of the images [pixel], at least 16.
    dropout : float
        Share of the 64 hidden values that a training step leaves out.

    Notes
    -----
    Of 224 px: 16 maps of 224 px, 32 of 112, 64 of 56, 64 of 28; pooled to 64 of 14 px, flattened
    to 12,544; dense 64 with ReLU; dense `n_out`. There is no BatchNorm, so the convolutions keep
    their biases. The first weights are Glorot's, the biases zero, as in Keras: with torch's own
    ones a network without BatchNorm begins an order of magnitude fainter. 863,392 parameters
    without the last layer, 65 more for each score.
    """

    def __init__(self, n_out: int, size_px: int, *, dropout: float = 0.0):
        side = size_px >> len(CHANNELS)
        if side < 1:
            raise SettingError(
                f"keras-cnn halves its images four times: {size_px} px are too few",
                hint="--set size_px=224",
            )
        pairs = zip((3, *CHANNELS), CHANNELS, strict=False)
        blocks = [
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(inplace=True)) for a, b in pairs
        ]
        super().__init__(blocks, CHANNELS[-1] * side * side, HIDDEN, n_out, dropout=dropout)


def build(network, n_out: int, size_px: int) -> KerasCNN:
    """As `train.networks.build`."""
    return KerasCNN(n_out, size_px, dropout=network.dropout)


def glorot(module: nn.Module) -> None:
    """Give a layer the first weights of Keras: uniform by Glorot and Bengio (2010), biases zero."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
