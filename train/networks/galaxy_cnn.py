"""The CNN of the mission."""

from __future__ import annotations

import torch
from torch import nn

CHANNELS = ((3, 40, 1), (40, 64, 1), (64, 96, 2), (96, 160, 2), (160, 256, 2))


class GalaxyCNN(nn.Module):
    """Five 3x3 convolutions, a global average, one linear layer.

    Parameters
    ----------
    n_out : int
        Scores for each image.
    dropout : float
        Share of the 256 averages that a training step leaves out.

    Notes
    -----
    Channels 3-40-64-96-160-256 with strides 1, 1, 2, 2, 2, each with BatchNorm and ReLU. The
    convolutions have no bias: the BatchNorm behind would subtract it again. 587,528 parameters
    without the linear layer, 257 more for each score: 0.588 million for three.
    """

    def __init__(self, n_out: int, *, dropout: float = 0.0):
        super().__init__()
        self.blocks = nn.ModuleList(_block(*channels) for channels in CHANNELS)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(CHANNELS[-1][1], n_out)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores before the softmax, shape (b, n_out), of images (b, 3, side, side)."""
        for block in self.blocks:
            images = block(images)
        return self.head(self.dropout(images.mean((2, 3))))


def build(network, n_out: int, size_px: int) -> GalaxyCNN:
    """As `train.networks.build`."""
    return GalaxyCNN(n_out, dropout=network.dropout)


def _block(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
