from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("cv2", reason="the train extra is not installed")

import torch

from tests.train.shapes import write_tree

# images of 32 pixels are too small a job for two threads: they would only wait for each other
torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def small_figures():
    """Figures of whole runs are drawn with fewer dots: drawing takes most of such a run."""
    from train import outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcome, "save_figure", partial(outcome.save_figure, dpi=20))
        yield


@pytest.fixture(scope="session")
def tree_root(tmp_path_factory):
    """Discs and bars; read only."""
    return write_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def quick():
    """A recipe that learns discs from bars in seconds."""
    from train.recipe.config import Config, Data

    data = Data(size_px=32)
    return Config(epochs=4, batch=16, steps_share=2, calibration_batches=2, data=data)


@pytest.fixture(scope="session")
def shown_run(tree_root, tmp_path_factory):
    """A finished run on discs and bars of 64 px, to look at; copy it before changing it."""
    from train.fit import Place, fit
    from train.recipe.config import Config, Data

    out = tmp_path_factory.mktemp("shown")
    recipe = Config(epochs=3, batch=16, steps_share=2, calibration_batches=2, data=Data(size_px=64))
    fit(recipe, Place(tree_root, out, "cpu"))
    return out
