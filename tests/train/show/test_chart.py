from __future__ import annotations

import pytest

from train.show.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, chart, ticks


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0.31, 0.42, ["0.32", "0.34", "0.36", "0.38", "0.4", "0.42"]),
        (-2, 2, ["-2", "-1", "0", "1", "2"]),
        (1e-5, 1e-3, ["0.0002", "0.0004", "0.0006", "0.0008", "0.001"]),
    ],
)
def test_ticks_are_round_and_inside(low, high, texts):
    assert [text for _, text in ticks(low, high)] == texts


def test_ticks_of_epochs_are_whole():
    assert [text for _, text in ticks(1, 3, whole=True)] == ["1", "2", "3"]


def test_the_corners_of_a_unit_square_are_the_corners_of_the_drawing():
    drawn = chart("a", [Line("b", [0, 1], [0, 1])], x="x", y="y", span=(0.0, 1.0))
    assert drawn["lines"][0]["points"] == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_points_without_a_value_and_lines_without_points_are_left_out():
    lines = [Line("a", [1, 2, 3], [0.5, None, 0.7]), Line("b", [1], [None])]
    drawn = chart("t", lines, x="epoch", y="loss")
    assert [len(line["points"]) for line in drawn["lines"]] == [2]
    assert drawn["said"] == "a: loss 0.5 at epoch 1, 0.7 at 3"


def test_a_single_value_is_drawn_in_the_middle():
    drawn = chart("t", [Line("a", [1], [0.5])], x="epoch", y="loss")
    ((x, y),) = drawn["lines"][0]["points"]
    assert x == pytest.approx((LEFT + WIDTH - RIGHT) / 2)
    assert y == pytest.approx((TOP + HEIGHT - BOTTOM) / 2)


def test_a_constant_small_value_fills_the_axis_with_its_own_size():
    drawn = chart("t", [Line("rate", [1, 2], [0.001, 0.001])], x="epoch", y="rate")
    assert all(0.0009 < float(text) < 0.0011 for _, text in drawn["y_ticks"])
