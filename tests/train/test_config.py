from __future__ import annotations

import pytest

from galaxycurate.errors import InputError, SettingError
from train.config import Config, as_dict, changed, from_toml, parse_assignments


def test_the_recipe_of_the_mission_is_the_default():
    config = Config()
    assert (config.epochs, config.batch, config.lr, config.weight_decay) == (6, 240, 1e-3, 1e-4)
    assert (config.lr_epochs, config.lr_factor) == (3, 0.7)
    assert (config.rotation_deg, config.shift, config.size_px) == (360, 0.2, 128)


@pytest.mark.parametrize(("images", "batch"), [(100_000, 240), (3840, 240), (1600, 100), (20, 8)])
def test_small_sets_take_small_batches(images, batch):
    assert Config().batch_for(images) == batch


def test_text_is_read_as_the_type_of_the_setting():
    config = changed(Config(), {"epochs": "3", "lr": "3e-4", "flip": "yes", "shift": 0})
    assert config == Config(epochs=3, lr=3e-4, flip=True, shift=0.0)


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"epoch": "3"}, "no setting is called epoch", "did you mean epochs?"),
        ({"epochs": "2.5"}, "epochs = 2.5 is not a whole number", "epochs=6"),
        ({"lr": "fast"}, "lr = fast is not a number", "lr=0.001"),
        ({"shift": "0.9"}, "shift = 0.9 is outside 0 to 0.5", "shift=0.2"),
        ({"lr": "nan"}, "lr = nan is outside", "lr=0.001"),
        ({"flip": "maybe"}, "flip = maybe is not true or false", "flip=False"),
        ({"precision": "float8"}, "precision = float8 is unknown", "bfloat16"),
    ],
)
def test_a_wrong_setting_is_named_with_a_hint(values, message, hint):
    with pytest.raises(SettingError) as caught:
        changed(Config(), values)
    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_a_toml_file_holds_settings(tmp_path):
    path = tmp_path / "train.toml"
    path.write_text("[train]\nepochs = 2\nzoom = 1.5\n")
    assert from_toml(path) == Config(epochs=2, zoom=1.5)
    path.write_text("epochs 2")
    with pytest.raises(InputError, match="is not TOML"):
        from_toml(path)
    with pytest.raises(InputError, match="cannot read"):
        from_toml(tmp_path / "absent.toml")


def test_assignments_need_a_value():
    assert parse_assignments(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(SettingError, match="--set epochs has no value"):
        parse_assignments(["epochs"])


def test_the_recipe_survives_the_checkpoint():
    config = Config(epochs=9, zoom=1.8)
    assert changed(Config(), as_dict(config)) == config
