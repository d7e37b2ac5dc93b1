from __future__ import annotations

import numpy as np
import pytest
import torch

from galaxycurate.errors import GalaxyCurateError
from train.data.feed import Feed
from train.judge.evaluate import probabilities, turned
from train.learn.tasks import Classes
from train.networks.galaxy_cnn import GalaxyCNN

TASK = Classes(("a", "b", "c"))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 255, (5, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return GalaxyCNN(3).eval()


def answers(model, images, views):
    feed = Feed(images, np.full(3, 128.0), np.full(3, 64.0), torch.device("cpu"))
    return probabilities(model, feed, np.arange(len(images)), task=TASK, views=views)


def test_the_eight_views_are_all_there_are(images):
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2)
    views = {turned(image, view).numpy().tobytes() for view in range(8)}
    assert len(views) == 8
    for quarter in range(4):
        assert torch.rot90(image, quarter, (2, 3)).contiguous().numpy().tobytes() in views
    assert torch.equal(turned(image, 0), image)
    assert torch.equal(turned(image, 1), image.flip((2, 3)))


def test_up_to_four_views_keep_the_handedness(images):
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2)
    turns = [torch.rot90(image, quarter, (2, 3)) for quarter in range(4)]
    for view in range(4):
        assert any(torch.equal(turned(image, view), turn) for turn in turns)


@pytest.mark.parametrize("views", [2, 4, 8])
def test_answers_are_the_mean_over_the_views(images, model, views):
    planes = torch.from_numpy(images).permute(0, 3, 1, 2)
    each = [
        answers(model, turned(planes, view).permute(0, 2, 3, 1).contiguous().numpy(), 1)
        for view in range(views)
    ]
    assert answers(model, images, views) == pytest.approx(np.mean(each, axis=0), abs=1e-6)


def test_eight_views_make_the_answer_the_same_however_the_image_lies(images, model):
    lying = np.ascontiguousarray(np.rot90(images, axes=(1, 2))[:, :, ::-1])
    assert answers(model, lying, 8) == pytest.approx(answers(model, images, 8), abs=1e-6)
    assert answers(model, lying, 1) != pytest.approx(answers(model, images, 1), abs=1e-4)


def test_answers_that_are_no_numbers_are_an_error(images):
    broken = GalaxyCNN(3).eval()
    with torch.no_grad():
        broken.head.weight[0] = float("nan")
    with pytest.raises(GalaxyCurateError, match="5 of 5 images with what is no number"):
        answers(broken, images, 1)
