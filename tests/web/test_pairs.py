"""A page of pairs: what both show is outlined, what cannot be shown is said."""

import re

import pytest
from PIL import Image

from galaxycurate.web.pairs import ShownPair, render, write
from tests.pictures import saved, sky


def polygons(page):
    return [
        [tuple(map(float, point.split(","))) for point in found.split()]
        for found in re.findall(r'<polygon points="([^"]*)"', page)
    ]


def test_the_shared_part_is_outlined_on_both():
    rgb = sky(1, 120)
    pair = ShownPair(
        saved(rgb[:80, :90]), Image.fromarray(rgb[20:, 40:]), ("one", "two"), "drift", "drift",
        dx=40, dy=20, is_placed=True,
    )  # fmt: skip
    page = render("t", [pair])
    assert polygons(page) == [
        [(40, 20), (90, 20), (90, 80), (40, 80)],
        [(0, 0), (50, 0), (50, 60), (0, 60)],
    ]


def test_nothing_is_outlined_where_the_place_is_unknown():
    page = render("t", [ShownPair(saved(sky(1)), saved(sky(2)), ("a", "b"))])
    assert not polygons(page)
    assert page.count("<svg") == 2


def test_pairs_stand_under_their_kind_and_a_broken_file_is_no_picture():
    good = saved(sky(1))
    pairs = [
        ShownPair(good, b"no picture", ("a", "b"), "why & how", "drift", is_placed=True),
        ShownPair(good, None, ("c", "<d>"), "", "copy", left_out=(False, True)),
    ]
    page = render("title", pairs, "lead", simulated=True)
    assert re.findall(r"<h2[^>]*>(\w+)", page) == ["Drift", "Copy"]
    assert page.count("no picture") == 2
    assert "why &amp; how" in page
    assert "&lt;d&gt; <b>left out</b>" in page
    assert "SIMULATED SKY" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_is_written_whole(tmp_path):
    page = write(tmp_path / "new" / "pairs.html", "none", [], "nothing")
    assert "There are no pairs" in page.read_text()
    with pytest.raises(ZeroDivisionError):
        write(page, "t", (1 / 0 for _ in range(1)))
    assert "There are no pairs" in page.read_text()
