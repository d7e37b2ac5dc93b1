from __future__ import annotations

import numpy as np
import pytest
import torch

from galaxycurate.errors import InputError
from train.learn.checkpoint import Trained, load, save
from train.networks.galaxy_cnn import GalaxyCNN
from train.recipe.config import Config, Data


def test_a_checkpoint_comes_back_whole(tmp_path):
    model = GalaxyCNN(3).eval()
    mean, std = np.array([20, 21, 22], np.float32), np.array([5, 6, 7], np.float32)
    trained = Trained(
        model, Config(data=Data(zoom=1.8)), ("a", "b", "c"), mean, std, "simulated", 4
    )
    save(tmp_path / "net.pth", trained)
    back = load(tmp_path / "net.pth")
    assert (back.config, back.classes, back.origin, back.epoch) == (
        trained.config,
        trained.classes,
        "simulated",
        4,
    )
    assert (back.mean == mean).all()
    assert (back.std == std).all()
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(back.model(images), model(images))


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such checkpoint"), (b"nonsense", "damaged or no checkpoint")],
)
def test_what_is_no_checkpoint_is_refused(tmp_path, content, message):
    path = tmp_path / "net.pth"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(path)


def test_a_file_of_other_tensors_is_refused(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "net.pth")
    with pytest.raises(InputError, match="is no checkpoint of train"):
        load(tmp_path / "net.pth")
