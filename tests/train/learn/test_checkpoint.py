from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from galaxycurate.errors import InputError
from train.learn.checkpoint import Trained, load, read, save, write
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


def test_a_folder_is_told_from_a_damaged_file(tmp_path):
    with pytest.raises(InputError, match="is a folder, no checkpoint") as told:
        load(tmp_path)
    assert told.value.hint == f"name the file in it: ls {tmp_path}/*.pth"


def test_a_file_of_other_tensors_is_refused(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "net.pth")
    with pytest.raises(InputError, match="is no checkpoint of train"):
        load(tmp_path / "net.pth")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("mean"),
        lambda content: content.update(std=[1.0, 2.0]),
        lambda content: content.update(mean=[1.0, 2.0, float("nan")]),
        lambda content: content.update(classes=["a", "b", "c", "d"]),
        lambda content: content["state_dict"].popitem(),
    ],
)
def test_a_checkpoint_that_lacks_something_or_is_another_networks_is_refused(tmp_path, spoil):
    path, numbers = tmp_path / "net.pth", np.ones(3, np.float32)
    save(path, Trained(GalaxyCNN(3).eval(), Config(), ("a", "b", "c"), numbers, numbers))
    content = read(path)
    spoil(content)
    write(path, content)
    with pytest.raises(InputError, match="is damaged or of another network"):
        load(path)


FULL = """
import resource, sys
from pathlib import Path
import torch
from galaxycurate.errors import StorageError
from train.learn.checkpoint import write
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write(Path(sys.argv[1]), {"weights": torch.zeros(100_000)})
except StorageError as error:
    print(error)
"""


def test_a_disk_that_is_full_is_told_and_the_older_checkpoint_stays(tmp_path):
    path, home = tmp_path / "last.pth", Path(__file__).resolve().parents[3]
    write(path, {"epoch": 3})
    words = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"cannot write {path}: ")
    assert read(path) == {"epoch": 3}
    assert [one.name for one in tmp_path.iterdir()] == ["last.pth"]
