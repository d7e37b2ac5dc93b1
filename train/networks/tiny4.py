"""The smallest network: two convolutions whose every map can be looked at."""

from __future__ import annotations

from torch import nn

from galaxycurate.errors import SettingError
from train.networks.keras_cnn import TwoDense

FILTERS, HIDDEN = 8, 16
LEAST_PX = 21  # 21 -> 10 -> 5 -> 2 -> 1


class Tiny4(TwoDense):
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
        side = _pooled(_pooled(size_px))
        blocks = [
            nn.Sequential(nn.Conv2d(channels, FILTERS, 3, stride=2), nn.ReLU(inplace=True))
            for channels in (3, FILTERS)
        ]
        super().__init__(blocks, FILTERS * side * side, HIDDEN, n_out, dropout=dropout)


def build(network, n_out: int, size_px: int) -> Tiny4:
    """As `train.networks.build`."""
    if size_px < LEAST_PX:
        raise SettingError(
            f"tiny-4 leaves nothing of images of {size_px} px", hint="--set size_px=128"
        )
    return Tiny4(n_out, size_px, dropout=network.dropout)


def _pooled(side: int) -> int:
    return ((side - 3) // 2 + 1) // 2
