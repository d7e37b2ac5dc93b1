"""Which file a table's name stands for."""

from pathlib import Path

import pytest

from galaxycurate.catalogs import known
from galaxycurate.errors import InputError
from galaxycurate.pipeline.catalogs.known import keep
from galaxycurate.pipeline.votetable import from_file, path_of
from galaxycurate.store.settings import load

ID = 587722952767439450


@pytest.fixture
def settings(tmp_path):
    return load({"catalogs": str(tmp_path / "catalogs")}, folder=tmp_path, environ={})


def bars(tmp_path, name, rows):
    path = tmp_path / name
    text = "".join(f"{ID + k},1,-2,0.5,{k}\n" for k in range(rows))
    path.write_text("objid,ra,dec,length_avg,bar_meas\n" + text)
    return path


def test_what_was_only_read_leaves_no_visible_file(settings, tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text(f"objid,nvote,p_el,p_cs,p_el_debiased,p_cs_debiased\n{ID},20,1,0,1,0\n")
    assert len(from_file(settings, votes).table) == 1
    assert [p.name for p in Path(settings.catalogs).iterdir()] == [".read"]


def test_of_several_copies_the_whole_one_is_taken(settings, tmp_path):
    folder = Path(settings.catalogs)
    keep(bars(tmp_path, "whole.csv", known.layout("hoyle_barlengths").rows), folder)
    whole = path_of(settings, "hoyle-bars")
    keep(bars(tmp_path, "excerpt.csv", 10), folder)
    assert len(list(folder.glob("hoyle_barlengths-*.parquet"))) == 2
    assert path_of(settings, "hoyle_barlengths") == whole


def test_of_several_excerpts_none_is_taken_and_all_are_listed(settings, tmp_path):
    for rows in (10, 20):
        keep(bars(tmp_path, f"{rows}.csv", rows), Path(settings.catalogs))
    with pytest.raises(InputError, match="2 files are hoyle_barlengths") as told:
        path_of(settings, "hoyle-bars")
    assert "(10 rows)" in str(told.value)
    assert "(20 rows)" in str(told.value)
    assert "--table FILE" in told.value.hint
