from __future__ import annotations

import pytest
import torch

from galaxycurate.errors import SettingError
from train.networks import NETWORKS, build
from train.recipe.config import Network
from train.show.activations import activations


def network(name: str, n_out: int = 3, size_px: int = 64, **more):
    return build(Network(name, **more), n_out, size_px=size_px)


def parameters(model) -> int:
    return sum(p.numel() for p in model.parameters())


def conv(channels_in: int, channels_out: int, side: int = 3, *, bias: bool = True) -> int:
    return side * side * channels_in * channels_out + bias * channels_out


def maps(model, size_px: int) -> list[tuple[int, ...]]:
    seen = activations(model.eval(), torch.zeros(1, 3, size_px, size_px))
    return [tuple(layer.shape[1:]) for _, layer in seen]


def test_keras_cnn_halves_224_pixels_four_times():
    model = network("keras-cnn", 3, 224)
    assert maps(model, 224) == [(16, 224, 224), (32, 112, 112), (64, 56, 56), (64, 28, 28)]
    assert model.hidden.in_features == 14 * 14 * 64 == 12_544
    convs = conv(3, 16) + conv(16, 32) + conv(32, 64) + conv(64, 64)
    assert parameters(model) == convs + 12_545 * 64 + 65 * 3 == 863_392 + 65 * 3
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())


def test_galaxy10_has_five_blocks_and_no_bias_before_batchnorm():
    model = network("galaxy10", 1, 256)
    sides = (256, 128, 64, 32, 16)
    channels = (32, 64, 128, 256, 256)
    assert maps(model, 256) == [(c, s, s) for c, s in zip(channels, sides, strict=True)]
    pairs = zip((3, *channels), channels, strict=False)
    blocks = sum(conv(a, b, bias=False) + 2 * b for a, b in pairs)
    assert parameters(model) == blocks + 257 == 979_232 + 257
    assert model(torch.zeros(2, 3, 256, 256)).shape == (2, 1)


def test_tiny_4_makes_392_values_of_128_pixels():
    model = network("tiny-4", 4, 128)
    assert maps(model, 128) == [(8, 63, 63), (8, 15, 15)]
    assert model.hidden.in_features == 7 * 7 * 8 == 392
    expected = conv(3, 8) + conv(8, 8) + 393 * 16 + 17 * 4
    assert parameters(model) == expected == 7_164
    pooled = []
    for block in model.blocks:
        block.register_forward_hook(
            lambda _m, _i, out: pooled.append(torch.nn.functional.max_pool2d(out, 2).shape[-1])
        )
    assert model(torch.zeros(2, 3, 128, 128)).shape == (2, 4)
    assert pooled == [31, 7]


def test_the_networks_without_batchnorm_begin_as_in_keras():
    torch.manual_seed(0)
    for name in ("keras-cnn", "tiny-4"):
        model = network(name, 3, 64)
        weight = model.hidden.weight
        limit = (6 / sum(weight.shape)) ** 0.5
        assert float(weight.detach().abs().max()) == pytest.approx(limit, rel=0.01)
        assert not model.hidden.bias.any()
        assert not any(block[0].bias.any() for block in model.blocks)


def test_resnet18_has_the_layers_of_its_paper():
    model = network("resnet18", 6, 180)
    seen = maps(model, 180)
    assert len(seen) == 20
    assert seen[0] == (64, 90, 90)
    assert seen[1:5] == [(64, 45, 45)] * 4
    assert {shape[0]: shape[1] for shape in seen[5:]} == {128: 23, 256: 12, 512: 6}
    counted = conv(3, 64, 7, bias=False) + 2 * 64 + 4 * (conv(64, 64, bias=False) + 128)
    for a in (64, 128, 256):
        b = 2 * a
        counted += conv(a, b, bias=False) + 3 * conv(b, b, bias=False) + 4 * 2 * b
        counted += conv(a, b, 1, bias=False) + 2 * b
    assert parameters(model) == counted + 513 * 6 == 11_176_512 + 513 * 6


@pytest.mark.parametrize(
    ("name", "features"), [("timm:resnet10t", 512), ("timm:mobilenetv3_small_050", 1024)]
)
def test_any_network_of_timm_is_built_with_an_own_head(name, features):
    pytest.importorskip("timm", reason="the timm extra is not installed")
    model = network(name, 5, 64, dropout=0.25)
    assert (model.head.in_features, model.head.out_features) == (features, 5)
    assert model.dropout.p == 0.25
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 5)


def test_a_transformer_of_timm_takes_the_side_of_the_recipe():
    pytest.importorskip("timm", reason="the timm extra is not installed")
    model = network("timm:vit_tiny_patch16_224", 2, 32)
    assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 2)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_frozen_leaves_only_the_last_layer_to_learn(name):
    model = network(name, 3, 64, frozen=True)
    learnt = {key for key, p in model.named_parameters() if p.requires_grad}
    assert learnt == {"head.weight", "head.bias"}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_first_weights_follow_from_the_seed(name):
    torch.manual_seed(3)
    first = network(name).state_dict()
    torch.manual_seed(3)
    again = network(name).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize(
    ("name", "size_px", "said", "hint"),
    [
        ("galaxy_cnn", 64, "no network is called galaxy_cnn", "did you mean galaxy-cnn?"),
        ("abacus", 64, "no network is called abacus", "timm:NAME"),
        ("timm:resnet10x", 64, "timm has no network resnet10x", "did you mean timm:resnet10t?"),
        ("galaxy10", 16, "16 px are too few", "size_px=256"),
        ("tiny-4", 20, "leaves nothing of images of 20 px", "size_px=128"),
    ],
)
def test_an_unknown_network_or_a_side_too_small_is_explained(name, size_px, said, hint):
    if name.startswith("timm"):
        pytest.importorskip("timm", reason="the timm extra is not installed")
    with pytest.raises(SettingError, match=said) as caught:
        network(name, 3, size_px)
    assert hint in caught.value.hint
