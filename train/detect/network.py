"""A one-stage detector that is small enough for a laptop: FCOS on a feature pyramid.

Galaxies of 5 to 60 pixels need fine maps, not deep ones, so the pyramid has strides 4 and 8. Group
norms know no running statistics, which lag on dark sky. FCOS: Tian et al. (2019, ICCV), as
torchvision builds it.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from galaxycurate.errors import GalaxyCurateError
from train.detect.recipe import Recipe

STRIDES = (4, 8)
CLASSES = ("galaxy", "star")
_WIDTHS = (16, 32, 64, 96)
_HEAD_CONVS = 2
_MEAN, _STD = 0.03, 0.1  # dark sky: of the survey's pictures, not of photographs
_CANDIDATES = 2000  # boxes of a tile before and after its own suppression: crowded fields have many


class Residual(nn.Module):
    """Two 3 x 3 convolutions and the way around them."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = _conv(channels, channels, 1)
        self.second = nn.Sequential(*list(_conv(channels, channels, 1))[:2])

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps in, maps of the same shape out."""
        return torch.relu(maps + self.second(self.first(maps)))


class Pyramid(nn.Module):
    """Feature maps at strides 4 and 8, the finer one told what the coarser ones saw.

    Parameters
    ----------
    out_channels : int
    """

    def __init__(self, out_channels: int):
        super().__init__()
        a, b, c, d = _WIDTHS
        self.out_channels = out_channels
        self.fine = nn.Sequential(
            _conv(3, a, 1), _conv(a, b, 2), _conv(b, c, 2), Residual(c), Residual(c)
        )
        self.middle = nn.Sequential(_conv(c, d, 2), Residual(d))
        self.coarse = nn.Sequential(_conv(d, d, 2), Residual(d))
        self.sideways = nn.ModuleList(nn.Conv2d(n, out_channels, 1) for n in (c, d, d))
        self.smooth = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in STRIDES
        )

    def forward(self, pictures: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        """Pictures (n, 3, h, w) to maps (n, out_channels, h / stride, w / stride)."""
        fine = self.fine(pictures)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        fine, middle, coarse = (
            way(maps) for way, maps in zip(self.sideways, (fine, middle, coarse), strict=True)
        )
        middle = middle + _enlarged(coarse, middle)
        fine = fine + _enlarged(middle, fine)
        return OrderedDict(fine=self.smooth[0](fine), middle=self.smooth[1](middle))


def build(recipe: Recipe) -> nn.Module:
    """The detector, untrained.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    torchvision.models.detection.FCOS
        Takes a list of pictures, float (3, h, w) from 0 to 1, h and w multiples of 16. Labels are
        places in `CLASSES`.

    Raises
    ------
    GalaxyCurateError
        torchvision is absent or does not load.
    """
    try:
        from torchvision.models.detection import FCOS
        from torchvision.models.detection.anchor_utils import AnchorGenerator
        from torchvision.models.detection.fcos import FCOSHead
        from torchvision.models.detection.transform import GeneralizedRCNNTransform
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GalaxyCurateError(
            f"the detector needs torchvision, which does not load: {first}",
            hint="uv pip install --reinstall torch torchvision --torch-backend auto, "
            "or detect without a network: --method sep",
        ) from error
    model = FCOS(
        Pyramid(recipe.channels),
        num_classes=len(CLASSES),
        anchor_generator=AnchorGenerator(tuple((s,) for s in STRIDES), ((1.0,),) * len(STRIDES)),
        head=_in_float32(FCOSHead(recipe.channels, 1, len(CLASSES), num_convs=_HEAD_CONVS)),
        score_thresh=0.05,
        nms_thresh=recipe.nms_iou,
        detections_per_img=_CANDIDATES,
        topk_candidates=_CANDIDATES,
    )

    class AsItIs(GeneralizedRCNNTransform):
        """Tiles keep their size: a pixel is a pixel of the sky."""

        def resize(self, image, target=None):
            return image, target

    model.transform = AsItIs(0, 0, [_MEAN] * 3, [_STD] * 3, size_divisible=1)
    return model


def _in_float32(head: nn.Module) -> nn.Module:
    """The head's answers as float32, whatever autocast computed in: losses are sums of many."""
    head.register_forward_hook(lambda _, __, said: {k: v.float() for k, v in said.items()})
    return head


def _conv(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
        nn.GroupNorm(channels_out // 8, channels_out),
        nn.ReLU(),
    )


def _enlarged(maps: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(maps, size=like.shape[-2:], mode="nearest")
