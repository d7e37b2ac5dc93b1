import numpy as np
import pytest

from galaxycurate.errors import InputError, LayoutError
from tests.train.detect import sky
from train.detect.fields import Field
from train.detect.frames import gather
from train.detect.listing import boxes_around, on_field, read, tables_under


@pytest.fixture
def field(tmp_path):
    sky.write(tmp_path)
    with Field(gather([tmp_path])[0]) as opened:
        yield opened


def test_a_box_reaches_one_petrosian_radius_to_each_side():
    boxes = boxes_around([[100.0, 50.0]], [12.5], least_side_px=8)
    assert boxes.tolist() == [[87.5, 37.5, 112.5, 62.5]]


@pytest.mark.parametrize("radius", [0.5, np.nan, -9999.0])
def test_a_box_is_never_smaller_than_asked(radius):
    assert boxes_around([[10.0, 20.0]], [radius], least_side_px=8).tolist() == [[6, 16, 14, 24]]


def test_a_table_lands_on_its_pixels(field, tmp_path):
    put = sky.objects((224, 288), np.random.default_rng(0))
    written = sky.write(tmp_path / "again", seed=0)
    assert np.array_equal(put[0], written[0])
    listed = on_field(field, tables_under(tmp_path / "again"))
    assert len(listed) == len(put[0])
    order = np.lexsort(listed.xy.T)
    assert np.abs(listed.xy[order] - put[0][np.lexsort(put[0].T)]).max() < 1e-3
    galaxies = listed.radius_px[listed.galaxy]
    assert sorted(galaxies) == pytest.approx(sorted(2.2 * put[2][put[1]]), abs=1e-3)


def test_rows_of_one_object_count_once_and_a_listed_star_is_a_star(field, tmp_path):
    (tmp_path / "weak.csv").write_text("x,y\n50,60\n50.6,60.2\n120,90\n")
    (tmp_path / "stars.csv").write_text("x,y,type\n120.4,90.1,6\n")
    listed = on_field(field, [read(tmp_path / n) for n in ("weak.csv", "stars.csv")])
    assert sorted(zip(listed.xy[:, 0].round(), listed.galaxy, strict=True)) == [
        (50, True), (120, False),
    ]  # fmt: skip


def test_a_bare_list_of_pixels_is_galaxies_and_what_lies_outside_is_left_out(field, tmp_path):
    (tmp_path / "gals.csv").write_text("10.5,20.5\n500.0,20.0\n287.0,223.0\n")
    listed = on_field(field, [read(tmp_path / "gals.csv")])
    assert listed.xy.tolist() == [[10.5, 20.5], [287.0, 223.0]]
    assert listed.galaxy.all()
    assert np.isnan(listed.mag_r).all()


def test_of_a_parquet_table_no_text_is_read_or_warned_of(tmp_path, recwarn, caplog):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"RA": [1.5, 2.5], "dec": [0.0, 1.0], "type": [3, None], "rastring": ["a", "bb"]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.colnames == ["ra", "dec", "type"]
    assert table["ra"].tolist() == [1.5, 2.5]
    assert np.isnan(table["type"][1])
    assert not recwarn
    assert not caplog.records


def test_a_table_without_positions_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("objID,u\n1,2\n")
    with pytest.raises(LayoutError, match="neither ra and dec nor x and y"):
        read(tmp_path / "t.csv")
    assert tables_under(tmp_path) == []


@pytest.mark.parametrize("content", ["", "\x00\x01"])
def test_what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError):
        read(tmp_path / "t.csv")
    with pytest.raises(InputError, match="no such table"):
        read(tmp_path / "absent.csv")
