"""The smallest network: two convolutions whose every map can be looked at."""

from __future__ import annotations

import torch
from torch import nn

from galaxycurate.errors import SettingError
from train.networks.keras_cnn import glorot

FILTERS, HIDDEN = 8, 16
LEAST_PX = 21  # 21 -> 10 -> 5 -> 2 -> 1


class Tiny4(nn.Module):
    """Two 3x3 convolutions of stride 2 without padding, each with max pooling; two dense layers.

    Parameters
    ----------
    n_out : int
        Scores for each image.
    size_px : int
        Side of the images [pixel], at least 21.
    dropout : float
        Share of the 16 hidden values that a training step leaves out.

    Notes
    -----
    Sides of 128 px: 128 -> 63 (convolution) -> 31 (pooling) -> 15 -> 7, so that 8 filters give a
    vector of 7 x 7 x 8 = 392; dense 16 with ReLU; dense `n_out`. There is no BatchNorm, so the
    convolutions keep their biases; first weights as in Keras. 7,096 parameters without the last
    layer, 17 more for each score: 7,164 for four.
    """

    def __init__(self, n_out: int, size_px: int, *, dropout: float = 0.0):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, FILTERS, 3, stride=2), nn.ReLU(inplace=True))
            for channels in (3, FILTERS)
        )
        side = _pooled(_pooled(size_px))
        self.hidden = nn.Linear(FILTERS * side * side, HIDDEN)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(HIDDEN, n_out)
        self.apply(glorot)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, shape (b, n_out), of images (b, 3, size_px, size_px)."""
        for block in self.blocks:
            images = nn.functional.max_pool2d(block(images), 2)
        return self.head(self.dropout(torch.relu(self.hidden(images.flatten(1)))))


def build(network, n_out: int, size_px: int) -> Tiny4:
    """As `train.networks.build`."""
    if size_px < LEAST_PX:
        raise SettingError(
            f"tiny-4 leaves nothing of images of {size_px} px", hint="--set size_px=128"
        )
    return Tiny4(n_out, size_px, dropout=network.dropout)


def _pooled(side: int) -> int:
    return ((side - 3) // 2 + 1) // 2
