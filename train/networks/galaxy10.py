"""Five convolution blocks for one of two classes of Galaxy10."""

from __future__ import annotations

import torch
from torch import nn

from galaxycurate.errors import SettingError

CHANNELS = (32, 64, 128, 256, 256)


class Galaxy10CNN(nn.Module):
    """Five blocks of convolution, BatchNorm, ReLU and max pooling; an average; one linear layer.

    Parameters
    ----------
    n_out : int
        Scores for each image: one, before a sigmoid, for a binary task.
    dropout : float
        Share of the 256 averages that a training step leaves out.

    Notes
    -----
    3x3 convolutions of 3-32-64-128-256-256 channels keep the side, which the pooling behind each
    halves: maps of 256, 128, 64, 32 and 16 px of images of 256 px, 256 maps of 8 px at the end,
    of each of which the average is taken. The convolutions have no bias: the BatchNorm behind
    would subtract it again. 979,232 parameters without the last layer, 257 more for each score.
    """

    def __init__(self, n_out: int, *, dropout: float = 0.0):
        super().__init__()
        pairs = zip((3, *CHANNELS), CHANNELS, strict=False)
        self.blocks = nn.ModuleList(_block(a, b) for a, b in pairs)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(CHANNELS[-1], n_out)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, shape (b, n_out), of images (b, 3, side, side)."""
        for block in self.blocks:
            images = nn.functional.max_pool2d(block(images), 2)
        return self.head(self.dropout(images.mean((2, 3))))


def build(network, n_out: int, size_px: int) -> Galaxy10CNN:
    """As `train.networks.build`."""
    if size_px < 2 ** len(CHANNELS):
        raise SettingError(
            f"galaxy10 halves its images five times: {size_px} px are too few",
            hint="--set size_px=256",
        )
    return Galaxy10CNN(n_out, dropout=network.dropout)


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
