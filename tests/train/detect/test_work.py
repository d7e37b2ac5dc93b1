"""`python -m train detect`, as a person types it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from PIL import Image

from galaxycurate.errors import GalaxyCurateError, InputError, SettingError, UsageError
from tests.train.detect import sky
from train.cli import detect as face
from train.cli.words import Parser
from train.detect import listing, network, weights, work
from train.detect.annotate import _BAR_PX, _TEXT_PX, _spots, _texts, annotated
from train.detect.fields import Field
from train.detect.found import Found
from train.detect.frames import gather
from train.detect.naming import CUTOUT_BOXES, cutout, named
from train.detect.recipe import Recipe


def typed(*words):
    parser = Parser(prog="python -m train detect")
    face.words(parser)
    return face.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def folder(tmp_path):
    sky.write(tmp_path / "sky", seed=4)
    return tmp_path / "sky"


def test_sep_writes_a_table_and_a_picture_and_judges_itself(folder, tmp_path, capsys):
    out = tmp_path / "out"
    lists = ["--against", folder / "PhotoObjAll-007001-1-0011.csv"]
    assert typed(folder, "--method", "sep", "--out", out, *lists, "--limit-r", 21) == 0
    said = capsys.readouterr().out
    assert "007001-1-0011: 12 galaxies by sep (simulated sky)" in said
    assert "12 of 12 listed galaxies to r = 21 (1.000); of 12 told 12 are listed" in said
    plain, typed_table = (
        Table.read(out / f"007001-1-0011.{end}", format=f"ascii.{end}") for end in ("csv", "ecsv")
    )
    assert plain.colnames == typed_table.colnames
    assert typed_table["ra"].unit == "deg"
    assert typed_table.meta["simulated sky"] is True
    assert len(plain) == 12
    assert (out / "007001-1-0011.png").stat().st_size > 1000
    assert sorted(path.name[-4:] for path in out.iterdir()) == [".csv", ".png", "ecsv"]


def test_what_is_told_can_teach(folder, tmp_path):
    question = work.Question(method="sep")
    work.look([folder], tmp_path / "out", question)
    with Field(gather([folder])[0]) as field:
        listed = listing.on_field(field, listing.tables_under(tmp_path / "out"))
    assert len(listed) == 12
    assert listed.galaxy.all()
    assert np.isfinite(listed.radius_px).all()
    assert np.isfinite(listed.mag_r).all()


def test_teaching_and_looking_by_command(lesson_folder, folder, tmp_path, capsys):
    pytest.importorskip("torchvision")
    made = tmp_path / "detect.pth"
    settings = [f"--set={word}" for word in ("steps=2", "batch=1", "tile_px=64", "overlap_px=32")]
    assert typed("--train", lesson_folder, "--weights", made, *settings, "--device", "cpu") == 0
    said = capsys.readouterr().out
    assert "24 galaxies of 2 fields (2 simulated)" in said
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["detect.pth"]
    assert f"next: python -m train detect FIELD --weights {made}" in said
    words = [folder, "--weights", made, "--out", tmp_path / "o", "--device", "cpu", "--json"]
    assert typed(*words, "--against", folder / "PhotoObjAll-007001-1-0011.csv") == 0
    told = capsys.readouterr()
    facts = json.loads(told.out)[0]
    assert facts["simulated"] is True
    assert facts["beside"]["hit"] >= 0
    assert facts["score"]["listed"] == facts["beside"]["listed"]
    assert "learnt from 2 fields, 2 of them simulated" in told.err


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ([], UsageError, "either fields, or --train"),
        (["sky", "--train", "lessons"], UsageError, "either fields, or --train"),
        (["sky", "--set", "steps=3"], UsageError, "--set belongs to --train"),
        (["--train", "lessons", "--set", "steps"], UsageError, "has no value"),
        (["sky", "--stars", "s.csv"], UsageError, "needs --against"),
        (["sky", "--score", "7", "--method", "sep"], SettingError, "outside 0 to 1"),
        (["nowhere", "--method", "sep"], InputError, "no such file, folder or field"),
        (["sky", "--weights", "absent.pth"], InputError, "no trained detector absent.pth"),
    ],
)
def test_wrong_words_are_refused(words, error, says, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    with pytest.raises(error, match=says) as caught:
        typed(*words)
    assert caught.value.hint
    assert not (folder.parent / "detections").exists()


def test_a_broken_torchvision_is_one_line_and_sep_still_works(folder, tmp_path, monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(GalaxyCurateError, match="torchvision, which does not load") as caught:
        network.build(Recipe())
    assert "--method sep" in caught.value.hint
    assert "\n" not in str(caught.value)
    assert work.look([folder], tmp_path / "o", work.Question(method="sep"))[0]["found"] == 12


def test_sep_needs_no_torch(folder, tmp_path):
    code = (
        "import sys\nsys.modules['torch'] = sys.modules['torchvision'] = None\n"
        "from pathlib import Path\nfrom train.detect.work import Question, look\n"
        "print(look([Path(sys.argv[1])], Path(sys.argv[2]), Question(method='sep'))[0]['found'])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path / "o")],
        capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.stdout.strip() == "12", done.stderr


def test_missing_light_and_foreign_units_are_told(tmp_path):
    from astropy.io import fits

    sky.write(tmp_path / "sky", seed=4, nan=(slice(0, 20), slice(0, 288)))
    path = tmp_path / "sky" / "frame-i-007001-1-0011.fits"
    with fits.open(path, mode="update") as hdus:
        hdus[0].header["BUNIT"] = "adu"
    lines = []
    told = work.look(
        [tmp_path / "sky"], tmp_path / "o", work.Question(method="sep"), say=lines.append
    )
    assert told[0]["no_light"] == pytest.approx(20 / 224, abs=1e-4)
    assert any("8.9 % of r has no value" in line for line in lines)
    assert any("frame-i-007001-1-0011.fits is in adu" in line for line in lines)


def test_marks_are_drawn_where_the_galaxies_are(folder):
    with Field(gather([folder])[0]) as field:
        found = Found(np.array([[50.0, 30, 70, 50]]), np.array([0.9]), np.array([18.0]))
        picture = np.asarray(annotated(field, found, title="t"))
        assert picture.shape == (224 + _BAR_PX, 288, 3)
        yellow = (picture == [255, 210, 77]).all(axis=-1)
        row = 224 - 1 - 30 + _BAR_PX  # the lower edge; FITS counts from the bottom
        assert yellow[row - 1 : row + 2, 52:68].any(axis=0).all()
        assert (picture[:_BAR_PX] > 200).any()


def test_large_fields_are_drawn_smaller(folder, monkeypatch):
    monkeypatch.setattr("train.detect.annotate.MOST_PX", 144)
    with Field(gather([folder])[0]) as field:
        none = Found(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
        assert annotated(field, none, title="t").size == (144, 112 + _BAR_PX)


def test_a_cutout_shows_its_galaxy_in_the_middle_even_at_the_border(tmp_path):
    put = np.array([[20.0, 100.0]]), np.array([True]), np.array([4.0]), np.array([60.0])
    sky.write(tmp_path, shape=(160, 160), put=put)
    with Field(gather([tmp_path])[0]) as field:
        picture = cutout(field, np.array([12.0, 92, 28, 108]), size_px=114).astype(float)
    light = np.where(picture.sum(axis=-1) > 150, picture.sum(axis=-1), 0)
    rows, columns = np.indices(light.shape)
    middle = (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()
    assert np.abs(np.array(middle) - 56.5).max() < 2.0
    beyond = (CUTOUT_BOXES * 16 / 2 - 20.5) / (CUTOUT_BOXES * 16) * 114
    assert picture[:, : int(beyond) - 2].max() == 0


def test_a_classifier_names_each_galaxy(folder, tmp_path):
    pytest.importorskip("torch")
    import torch

    from train.learn import checkpoint
    from train.networks import build
    from train.recipe.config import Config

    torch.manual_seed(0)
    config, classes = Config(), ("elliptical", "spiral")
    trained = checkpoint.Trained(
        build(config.network, len(classes), size_px=config.data.size_px).eval(), config, classes,
        np.full(3, 10, np.float32), np.full(3, 20, np.float32),
    )  # fmt: skip
    checkpoint.save(tmp_path / "c.pth", trained)
    with Field(gather([folder])[0]) as field:
        boxes = listing.boxes_around([[60.0, 60.0], [90.0, 150.0]], [8, 8], least_side_px=8)
        found = named(Found(boxes, np.ones(2), np.ones(2)), field, tmp_path / "c.pth", device="cpu")
        assert set(found.name) <= set(classes)
        assert ((found.p_class >= 0.5) & (found.p_class <= 1)).all()
        none = named(found.where([]), field, tmp_path / "c.pth", device="cpu")
        assert len(none) == 0
    with pytest.raises(InputError, match="no such checkpoint"):
        named(found, field, tmp_path / "absent.pth")


def test_weights_of_another_kind_are_refused(tmp_path):
    pytest.importorskip("torchvision")
    (tmp_path / "detect.pth").write_bytes(b"no weights")
    with pytest.raises(InputError, match="damaged"):
        weights.load(tmp_path / "detect.pth")


def test_labels_never_cover_each_other_and_are_left_out_where_there_is_no_room():
    boxes = np.array([[60.0, 60, 72, 72]] * 3 + [[61.0, 61, 73, 73]] * 9 + [[150, 20, 170, 40]])
    on_paper = [(x0, 100 - y1, x1, 100 - y0) for x0, y0, x1, y1 in boxes]
    room = Image.new("RGB", (240, 130))
    spots = list(_spots(on_paper, [70.0] * len(boxes), room))
    placed = [(x, y, x + 70, y + _TEXT_PX) for x, y in filter(None, spots)]
    assert 3 <= len(placed) < len(boxes)
    assert spots[0] is not None  # the best comes first
    assert spots[-1] is not None  # and who stands alone has room
    for k, (a, b, c, d) in enumerate(placed):
        assert 0 <= a < c <= 240
        assert _BAR_PX <= b < d <= 130
        assert not any(a < z and x < c and b < w and y < d for x, y, z, w in placed[:k])


def test_the_picture_tells_the_probability_of_the_class():
    found = Found(np.zeros((2, 4)), np.array([0.9, 0.5]), np.zeros(2))
    assert _texts(found) == ["0.90", "0.50"]
    names, p = np.array(["spiral", "elliptical"]), np.array([0.61, 0.997])
    assert _texts(replace(found, name=names, p_class=p)) == ["spiral 0.61", "elliptical 1.00"]
