"""A detector that learns from simulated fields in seconds, and what it does with others."""

import json

import numpy as np
import pytest

pytest.importorskip("torchvision")
import torch

from galaxycurate.errors import InputError, SettingError
from tests.train.detect import sky
from tests.train.detect.lists import at_precision
from train.detect import lessons, listing, score, teach, weights
from train.detect.fields import Field
from train.detect.find import find
from train.detect.frames import gather
from train.detect.network import STRIDES, build
from train.detect.recipe import Recipe, changed


@pytest.fixture
def unseen(tmp_path):
    """A field that taught nobody."""
    sky.write(tmp_path, seed=9)
    with Field(gather([tmp_path])[0]) as field:
        yield field, listing.on_field(field, listing.tables_under(tmp_path))


def test_it_finds_the_galaxies_of_an_unseen_field_and_not_its_stars(detector, unseen):
    field, listed = unseen
    found = find(detector.model, detector.recipe, field)
    best = at_precision(found, listed, listed.mag_r, limit_r=21, precision=0.8)
    assert best.listed == 12
    assert best.completeness >= 0.8
    assert best.precision >= 0.8
    assert best.on_star <= 2


def test_boxes_are_where_the_galaxies_are(detector, unseen):
    field, listed = unseen
    found = find(detector.model, detector.recipe, field)
    galaxies = listed.where(listed.galaxy)
    gap = score.gap(galaxies.xy, found.where(found.score > 0.3).xy)
    assert np.median(gap) < 1.5


def test_a_galaxy_on_the_border_of_tiles_is_found_once(detector, tmp_path):
    shape = (160, 240)
    corners = np.array([[72.0, 72.0], [120.0, 72.0], [96.0, 120.0], [168.0, 100.0]])
    put = corners, np.full(4, True), np.full(4, 3.5), np.full(4, 25.0)
    sky.write(tmp_path, shape=shape, put=put)
    with Field(gather([tmp_path])[0]) as field:
        found = find(detector.model, detector.recipe, field)
    found = found.where(found.score > 0.25)
    near = np.hypot(*(found.xy[:, None] - corners[None]).transpose(2, 0, 1)) < 8
    assert near.sum(axis=0).tolist() == [1, 1, 1, 1]


def test_pixels_without_a_value_hide_what_lies_on_them_and_nothing_else(detector, tmp_path):
    put = sky.objects((224, 288), np.random.default_rng(3))
    hole = (slice(0, 224), slice(0, 90))
    sky.write(tmp_path, put=put, nan=hole)
    with Field(gather([tmp_path])[0]) as field:
        found = find(detector.model, detector.recipe, field)
    assert (found.xy[:, 0] > 89).all()
    far = put[1] & (put[0][:, 0] > 110)
    seen = score.gap(put[0][far], found.where(found.score > 0.25).xy) < 5
    assert seen.mean() > 0.75
    assert np.isfinite(found.mag_r[found.score > 0.25]).all()


def test_the_same_seed_teaches_the_same_detector(lesson_folder, small):
    brief = changed(small, {"steps": 3})
    pages = lessons.read(lesson_folder, brief)
    one, two = (teach.teach(pages, brief) for _ in range(2))
    assert np.array_equal(one.loss, two.loss)
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, two.model.state_dict()[name]), name
    other = teach.teach(pages, changed(brief, {"seed": 1}))
    assert not np.array_equal(one.loss, other.loss)


def test_a_killed_training_goes_on_and_ends_as_an_unbroken_one(
    lesson_folder, small, tmp_path, monkeypatch
):
    monkeypatch.setattr(teach, "TELL_EVERY", 3)
    pages = lessons.read(lesson_folder, small)
    recipe = changed(small, {"steps": 4, "batch": 2})
    whole = teach.teach(pages, recipe)
    halted, said = tmp_path / "detect.last.pth", []

    def killed(line):
        said.append(line)
        if len(said) == 2:  # the next to come after the first that was kept
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach.teach(pages, recipe, halted=halted, say=killed)
    again = []
    parts = teach.teach(pages, recipe, halted=halted, say=again.append)
    assert again[0] == "going on after step 3"
    assert np.array_equal(parts.loss, whole.loss)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, parts.model.state_dict()[name]), name
    other = []
    teach.teach(pages, changed(recipe, {"steps": 1}), halted=halted, say=other.append)
    assert other[0] == f"note: {halted} is of other lessons or settings: begun anew"


def test_weights_come_back_as_they_were(detector, tmp_path, unseen):
    weights.save(tmp_path / "detect.pth", detector)
    again = weights.load(tmp_path / "detect.pth")
    assert again.recipe == detector.recipe
    assert again.origin == detector.origin
    field, _ = unseen
    one, two = (find(d.model, d.recipe, field) for d in (detector, again))
    assert np.allclose(one.boxes, two.boxes, atol=1e-3)  # another memory layout, other roundings
    assert np.allclose(one.score, two.score, atol=1e-4)


def test_absent_and_foreign_weights_say_what_to_type(tmp_path):
    with pytest.raises(InputError, match="no trained detector") as caught:
        weights.load(tmp_path / "detect.pth")
    assert "--train" in caught.value.hint
    assert "--method sep" in caught.value.hint
    torch.save({"format": "other"}, tmp_path / "x.pth")
    with pytest.raises(InputError, match="is no detector of train"):
        weights.load(tmp_path / "x.pth")


def test_the_network_is_small_and_keeps_the_scale_of_its_tiles():
    model = build(Recipe())
    assert sum(p.numel() for p in model.parameters()) == 885_527
    maps = model.backbone(torch.zeros(1, 3, 256, 192))
    assert [tuple(m.shape) for m in maps.values()] == [
        (1, 64, 256 // stride, 192 // stride) for stride in STRIDES
    ]
    pictures, _ = model.eval().transform([torch.zeros(3, 96, 160)])
    assert pictures.tensors.shape == (1, 3, 96, 160)


def test_tiles_carry_their_boxes_with_them(lesson_folder, small):
    """However a tile is cut, zoomed, turned and mirrored, the light is in the boxes."""
    pages = lessons.read(lesson_folder, small)
    rng = np.random.default_rng(0)
    inside, outside = [], []
    for _ in range(5):
        for picture, target in zip(*lessons.batch(pages, small, rng), strict=True):
            assert picture.shape == (3, 96, 96)
            mask = torch.zeros(96, 96, dtype=torch.bool)
            for x0, y0, x1, y1 in target["boxes"].round().int().tolist():
                mask[y0:y1, x0:x1] = True
                inside.append(float(picture[:, y0:y1, x0:x1].mean()))
            outside.append(float(picture[:, ~mask].mean()))
    assert len(inside) > 20
    assert np.min(inside) > 2 * np.median(outside)


def test_lessons_tell_how_many_they_are_and_refuse_what_teaches_nothing(
    lesson_folder, small, tmp_path
):
    lines = []
    lessons.read(lesson_folder, small, lines.append)
    assert lines == [
        f"007001-1-{n:04d}: 12 galaxies, 12 stars to r = 21 (simulated)" for n in (1, 2)
    ]
    with pytest.raises(InputError, match="no such folder"):
        lessons.read(tmp_path / "absent", small)
    sky.write(tmp_path / "bare")
    (tmp_path / "bare" / "PhotoObjAll-007001-1-0011.csv").unlink()
    with pytest.raises(InputError, match="no table that lists galaxies"):
        lessons.read(tmp_path / "bare", small)
    (tmp_path / "bare" / "far.csv").write_text("ra,dec\n10.0,80.0\n")
    with pytest.raises(InputError, match="list no galaxy on its frames"):
        lessons.read(tmp_path / "bare", small)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"tile_px": 100}, "multiple of 32"),
        ({"overlap_px": 200}, "half of tile_px"),
        ({"stepps": 3}, "settings: tile_px"),
        ({"steps": "many"}, "--set steps=NUMBER"),
        ({"score": 1.5}, "0 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(values, says):
    with pytest.raises(SettingError) as caught:
        changed(Recipe(), values)
    assert says in caught.value.hint


def test_recipes_survive_json():
    recipe = changed(Recipe(), {"steps": 7, "lr": "0.5"})
    assert changed(Recipe(), json.loads(json.dumps(recipe.as_dict()))) == recipe
