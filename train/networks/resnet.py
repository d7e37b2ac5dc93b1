"""ResNet18, as torchvision builds it."""

from __future__ import annotations

from torch import nn

from train.networks.encoder import Encoded, unavailable
from train.networks.libraries import library

FEATURES = 512


def build(network, n_out: int, size_px: int) -> Encoded:
    """As `train.networks.build`.

    A 7x7 convolution of stride 2, max pooling, eight blocks of two 3x3 convolutions with a way
    around them (64, 128, 256, 512 maps), a global average: He et al. (2016, CVPR). 11,176,512
    parameters without the last layer, 513 more for each score.
    """
    encoder = library("torchvision", network.name).models.resnet18(weights=None)
    encoder.fc = nn.Identity()
    return Encoded(encoder, FEATURES, n_out, dropout=network.dropout, their_head="fc")


def pretrained(network) -> dict:
    """The weights that torchvision offers, learnt from photographs (ImageNet).

    Raises
    ------
    GalaxyCurateError
        They are neither on this machine nor to be had.
    """
    from torch.hub import get_dir, load_state_dict_from_url

    url = library("torchvision", network.name).models.ResNet18_Weights.DEFAULT.url
    try:
        return load_state_dict_from_url(url, progress=False, check_hash=True, map_location="cpu")
    except (OSError, RuntimeError) as error:
        place = f"{get_dir()}/checkpoints/{url.rsplit('/', 1)[1]}"
        raise unavailable(network.name, error, f"place {url} at {place}") from error
