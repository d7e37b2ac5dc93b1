from __future__ import annotations

import pytest

from galaxycurate.errors import InputError, SettingError
from train.recipe.config import Augment, Config, Data, Optim, flat
from train.recipe.presets import about, names, preset
from train.recipe.settings import as_dict, changed, differing, parse_assignments, read_toml


def test_the_recipe_of_the_mission_is_the_default():
    config = Config()
    optim, augment = config.optim, config.augment
    assert (config.epochs, config.batch, optim.lr, optim.weight_decay) == (6, 240, 1e-3, 1e-4)
    assert (optim.method, optim.schedule) == ("adam", "step")
    assert (optim.lr_epochs, optim.lr_factor) == (3, 0.7)
    assert (augment.rotation_deg, augment.shift, config.data.size_px) == (360, 0.2, 128)
    assert preset("galaxy-cnn") == config


@pytest.mark.parametrize("name", names())
def test_every_preset_is_a_recipe_and_says_what_it_is(name):
    assert preset(name).preset == name
    assert len(about(name)) > 20
    assert changed(Config(), as_dict(preset(name))) == preset(name)


def test_the_last_words_of_all_settings_differ():
    last = [name.rpartition(".")[2] for name in flat(Config())]
    assert len(set(last)) == len(last)


@pytest.mark.parametrize(("images", "batch"), [(100_000, 240), (3840, 240), (1600, 100), (20, 8)])
def test_small_sets_take_small_batches(images, batch):
    assert Config().batch_for(images) == batch


def test_text_is_read_as_the_type_of_the_setting():
    config = changed(Config(), {"epochs": "3", "lr": "3e-4", "flip": "yes", "shift": 0})
    assert config == Config(epochs=3, optim=Optim(lr=3e-4), augment=Augment(flip=True, shift=0.0))
    assert changed(Config(), {"optim.lr": 3e-4, "augment.flip": True}) == changed(
        Config(), {"lr": 3e-4, "flip": True}
    )
    assert differing(config, Config()) == {
        "epochs": 3,
        "optim.lr": 3e-4,
        "augment.flip": True,
        "augment.shift": 0.0,
    }


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"epoch": "3"}, "no setting is called epoch", "did you mean epochs?"),
        ({"epochs": "2.5"}, "epochs = 2.5 is not a whole number", "epochs=6"),
        ({"lr": "fast"}, "optim.lr = fast is not a number", "lr=0.001"),
        ({"shift": "0.9"}, "augment.shift = 0.9 is outside 0 to 0.5", "shift=0.2"),
        ({"lr": "nan"}, "optim.lr = nan is outside", "lr=0.001"),
        ({"flip": "maybe"}, "augment.flip = maybe is not true or false", "augment.flip=False"),
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
    for text in ("[train]\nepochs = 2\nzoom = 1.5\n", "epochs = 2\n[data]\nzoom = 1.5\n"):
        path.write_text(text)
        config = changed(Config(), read_toml(path))
        assert config == Config(epochs=2, data=Data(zoom=1.5))
    path.write_text("epochs 2")
    with pytest.raises(InputError, match="is not TOML"):
        read_toml(path)
    with pytest.raises(InputError, match="cannot read"):
        read_toml(tmp_path / "absent.toml")


def test_assignments_need_a_value():
    assert parse_assignments(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(SettingError, match="--set epochs has no value"):
        parse_assignments(["epochs"])


def test_the_recipe_survives_the_checkpoint():
    config = Config(epochs=9, data=Data(zoom=1.8))
    assert changed(Config(), as_dict(config)) == config


def test_a_toml_file_whose_train_is_no_table_is_explained(tmp_path):
    (tmp_path / "a.toml").write_text("train = 3\n")
    with pytest.raises(InputError, match="train = 3 is no table of settings") as caught:
        read_toml(tmp_path / "a.toml")
    assert "[train]" in caught.value.hint
