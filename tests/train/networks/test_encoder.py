from __future__ import annotations

import hashlib
import os
import sys
from types import SimpleNamespace

import pytest
import torch

from galaxycurate.errors import GalaxyCurateError, InputError, SettingError
from train.learn import checkpoint
from train.networks import build, wary
from train.recipe.config import Config, Data, Network


def built(name: str, n_out: int = 3, weights: object = "", said: list | None = None):
    lines = said if said is not None else []
    return build(Network(name, str(weights)), n_out, size_px=32, say=lines.append)


def same(ours: dict, theirs: dict) -> bool:
    return bool(theirs) and all(torch.equal(ours[key], value) for key, value in theirs.items())


def encoder_of(model) -> dict:
    return {k: v for k, v in model.state_dict().items() if not k.startswith("head.")}


class Schema:
    """An object of a package that will not be there when the checkpoint is read."""

    def __init__(self):
        self.questions = ["smooth-or-featured"]


def test_a_checkpoint_of_train_lends_its_encoder_to_other_classes(tmp_path):
    torch.manual_seed(1)
    first = built("galaxy-cnn", 3)
    mean = torch.full((3,), 20.0).numpy()
    config = Config(data=Data(size_px=32))
    trained = checkpoint.Trained(first, config, ("a", "b", "c"), mean, mean)
    checkpoint.save(tmp_path / "net.pth", trained)
    said: list[str] = []
    second = built("galaxy-cnn", 5, tmp_path / "net.pth", said)
    assert same(second.state_dict(), encoder_of(first))
    assert second.head.out_features == 5
    assert said == [
        f"galaxy-cnn begins with 30 of 32 tensors of {tmp_path / 'net.pth'}; "
        "not taken: head.bias, head.weight; begun by chance: head.bias, head.weight"
    ]


def test_the_head_comes_along_where_it_fits(tmp_path):
    first = built("tiny-4", 3)
    torch.save(first.state_dict(), tmp_path / "plain.pth")
    said: list[str] = []
    second = built("tiny-4", 3, tmp_path / "plain.pth", said)
    assert same(second.state_dict(), first.state_dict())
    assert "not taken" not in said[0]


def test_torchvisions_own_file_fits_resnet18(tmp_path):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    theirs = models.resnet18(weights=None, num_classes=6)
    torch.save(theirs.state_dict(), tmp_path / "resnet18-5c106cde.pth")
    ours = built("resnet18", 6, tmp_path / "resnet18-5c106cde.pth")
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))


@pytest.mark.parametrize("prefix", ["encoder.", "model.encoder.", "module.", "backbone."])
def test_a_lightning_checkpoint_of_a_timm_encoder_fits(tmp_path, prefix):
    timm = pytest.importorskip("timm", reason="the timm extra is not installed")
    encoder = timm.create_model("resnet10t", num_classes=0)
    named = {prefix + key: value for key, value in encoder.state_dict().items()}
    head = {"head.linear.weight": torch.zeros(34, 512), "train_loss_metric.value": torch.zeros(())}
    content = {"state_dict": named | head, "hyper_parameters": {"schema": Schema()}, "epoch": 3}
    torch.save(content, tmp_path / "zoobot.ckpt")
    said: list[str] = []
    ours = built("timm:resnet10t", 3, tmp_path / "zoobot.ckpt", said)
    assert same(ours.encoder.state_dict(), encoder.state_dict())
    assert "not taken: head.linear.weight, train_loss_metric.value" in said[0]


def test_safetensors_are_read(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    timm = pytest.importorskip("timm", reason="the timm extra is not installed")
    encoder = timm.create_model("resnet10t", num_classes=7)
    save_file(encoder.state_dict(), tmp_path / "model.safetensors")
    ours = built("timm:resnet10t", 7, tmp_path / "model.safetensors")
    torch.testing.assert_close(ours.head.weight, encoder.fc.weight)
    assert same(ours.encoder.state_dict(), {"conv1.0.weight": encoder.conv1[0].weight})


def test_nothing_in_a_checkpoint_is_run(tmp_path):
    """A pickle can name any function; the wary reader makes husks of all but tensors."""

    class Mine:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "run"),)

    weights = built("tiny-4").state_dict()
    torch.save({"state_dict": weights, "hparams": Mine(), "s": Schema()}, tmp_path / "evil.ckpt")
    content = torch.load(tmp_path / "evil.ckpt", weights_only=False, pickle_module=wary)
    assert isinstance(content["hparams"], wary.Husk)
    assert isinstance(content["s"], wary.Husk)
    assert same(built("tiny-4", 3, tmp_path / "evil.ckpt").state_dict(), weights)
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_network_is_refused_by_name(tmp_path):
    path = tmp_path / "keras.pth"
    torch.save(built("keras-cnn").state_dict(), path)
    with pytest.raises(
        InputError, match=r"keras.pth is of another network than galaxy-cnn"
    ) as told:
        built("galaxy-cnn", 3, path)
    assert "1 of its 12 tensors fit" in str(told.value)
    assert "these do not fit: blocks.0.0.bias" in told.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such checkpoint"),
        (b"", "is damaged or no checkpoint"),
        (b"<html>busy</html>", "is damaged or no checkpoint"),
        ([1, 2], "holds no tensors by name"),
        ({"state_dict": {}}, "holds no tensors by name"),
    ],
)
@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_missing_or_damaged_checkpoint_is_explained(tmp_path, content, said, suffix):
    path = tmp_path / f"x{suffix}"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None and suffix == ".ckpt":
        torch.save(content, path)
    elif content is not None:
        return
    with pytest.raises(InputError, match=said) as caught:
        built("tiny-4", 3, path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_truncated_checkpoint_is_damaged(tmp_path):
    whole, part = tmp_path / "whole.pth", tmp_path / "part.pth"
    torch.save(built("tiny-4").state_dict(), whole)
    part.write_bytes(whole.read_bytes()[:-400])
    with pytest.raises(InputError, match=r"part.pth is damaged"):
        built("tiny-4", 3, part)


def test_a_network_that_nobody_offers_weights_of_says_so():
    with pytest.raises(SettingError, match="nobody offers pretrained weights of galaxy-cnn"):
        built("galaxy-cnn", 3, "pretrained")


def test_pretrained_weights_on_this_machine_are_taken(tmp_path, monkeypatch):
    """torch.hub keeps what it fetched; a file placed there by hand does as well."""
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    from train.networks import resnet

    theirs = models.resnet18(weights=None).state_dict()
    torch.save(theirs, tmp_path / "plain.pth")
    digest = hashlib.sha256((tmp_path / "plain.pth").read_bytes()).hexdigest()[:8]
    name = f"resnet18-{digest}.pth"
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    (tmp_path / "plain.pth").rename(tmp_path / "hub/checkpoints" / name)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(
        models, "ResNet18_Weights", SimpleNamespace(DEFAULT=SimpleNamespace(url=f"file:///{name}"))
    )
    found = resnet.pretrained(Network("resnet18", "pretrained"))
    assert same(found, theirs)


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Empty stores of weights, and no way out."""
    for scheme in ("http_proxy", "https_proxy", "all_proxy"):
        # nothing listens on the port that discards
        monkeypatch.setenv(scheme, "http://127.0.0.1:9")
        monkeypatch.setenv(scheme.upper(), "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def test_offline_the_file_of_torchvision_to_place_is_named(offline):
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    with pytest.raises(GalaxyCurateError, match="weights of resnet18 cannot be fetched: ") as told:
        built("resnet18", 3, "pretrained")
    assert f"at {offline}/hub/checkpoints/resnet18-f37072fd.pth" in told.value.hint
    assert "--set network.weights=FILE" in told.value.hint


def test_offline_the_file_of_timm_to_fetch_is_named(offline, monkeypatch):
    pytest.importorskip("timm", reason="the timm extra is not installed")
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(offline))
    with pytest.raises(GalaxyCurateError, match="weights of timm:resnet10t cannot be") as told:
        built("timm:resnet10t", 3, "pretrained")
    assert "fetch model.safetensors of timm/resnet10t." in told.value.hint
    assert "--set network.weights=FILE" in told.value.hint


def test_a_missing_safetensors_is_named(tmp_path, monkeypatch):
    (tmp_path / "net.safetensors").write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(GalaxyCurateError, match="needs the package safetensors") as caught:
        built("tiny-4", 3, tmp_path / "net.safetensors")
    assert caught.value.hint == "pip install safetensors"
