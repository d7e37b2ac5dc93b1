from __future__ import annotations

import json

import pytest

from galaxycurate.errors import InputError, SettingError
from train.cli import run
from train.explain import explain


@pytest.fixture
def network(shown_run):
    return shown_run / "galaxy_cnn_225.pth"


def test_each_image_gets_picture_heat_layers_and_answer(network, tree_root, tmp_path):
    files = [tree_root / "test" / kind / "000.jpg" for kind in ("bar", "disc")]
    found = explain(network, files, tmp_path / "out", device="cpu")
    assert [one["name"] for one in found["images"]] == [str(file) for file in files]
    for one, folder in zip(found["images"], ("001-000", "002-000"), strict=True):
        assert sum(one["probability"]) == pytest.approx(1)
        for name in ("picture.jpg", "heat.jpg", "layers.png"):
            assert (tmp_path / "out" / folder / name).stat().st_size > 500
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 6
    assert "Simulated pixels" in page
    assert 'src="http' not in page


def test_grad_cam_can_be_asked_for_another_class(network, tree_root, tmp_path):
    file = tree_root / "test" / "bar" / "000.jpg"
    found = explain(network, [file], tmp_path / "out", about="disc", device="cpu")
    assert found["images"][0]["asked"] == "disc"
    with pytest.raises(SettingError, match="knows no class comet") as caught:
        explain(network, [file], tmp_path / "out", about="comet", device="cpu")
    assert caught.value.hint == "its classes: bar, disc"


def test_unreadable_images_are_told_and_the_others_shown(network, tree_root, tmp_path, capsys):
    bad = tmp_path / "<b>bad.jpg"
    bad.write_bytes(b"<html>busy</html>")
    words = ["explain", str(network), str(tree_root / "test/bar/001.jpg"), str(bad)]
    words += ["--out", str(tmp_path / "out"), "--device", "cpu", "--json"]
    assert run(words) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["bad"] == [{"file": str(bad), "reason": "not an image"}]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "not an image" in page
    assert "<b>bad" not in page
    with pytest.raises(InputError, match="none of the images can be read"):
        explain(network, [bad], tmp_path / "out", device="cpu")


def test_a_file_s_name_cannot_lead_out_of_the_folder(network, tree_root, tmp_path):
    odd = tmp_path / "..$(x) é.jpg"
    odd.write_bytes((tree_root / "test/bar/000.jpg").read_bytes())
    found = explain(network, [odd], tmp_path / "out", device="cpu")
    assert found["images"][0]["folder"] == str(tmp_path / "out" / "001-_x_é")
