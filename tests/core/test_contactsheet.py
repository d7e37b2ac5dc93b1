import numpy as np
import pytest

from galaxycurate.core.contactsheet import TILE_PX, Card, contact_sheet

RED, BLUE = (np.full((64, 64, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


def found(sheet, colour):
    """Rows and columns that a plain picture takes."""
    rows, cols = np.nonzero((sheet == colour).all(axis=-1))
    return rows.min(), rows.max(), cols.min(), cols.max()


def test_pictures_stand_side_by_side_at_one_size():
    sheet = contact_sheet("a and b", ["line"], [Card((RED, BLUE), "one", ("x",))])
    red, blue = found(sheet, (200, 0, 0)), found(sheet, (0, 0, 200))
    assert red[:2] == blue[:2]
    assert red[3] < blue[2]
    assert red[1] - red[0] == red[3] - red[2] == TILE_PX - 3  # the frame is drawn over the edge


def test_cards_go_in_reading_order():
    sheet = contact_sheet("", [], [Card((RED,), "1"), Card((BLUE,), "2"), Card((RED,), "3")])
    top, bottom, left, _ = found(sheet, (200, 0, 0))
    assert found(sheet, (0, 0, 200))[2] > left
    assert found(sheet, (0, 0, 200))[0] == top
    assert bottom > found(sheet, (0, 0, 200))[1]


@pytest.mark.parametrize("cards", [[], [Card((), "nothing")]])
def test_a_sheet_without_pictures_is_a_sheet(cards):
    sheet = contact_sheet("title", ["nothing to show"], cards, alarm="simulated")
    assert sheet.dtype == np.uint8
    assert sheet.ndim == 3
    assert sheet.min() < 100  # something is written


def test_an_alarm_is_in_another_colour():
    plain, loud = (contact_sheet("t", [], [Card((RED,), "one", alarm=a)]) for a in ("", "mirrored"))
    alarm = (184, 60, 20)
    assert not (plain == alarm).all(axis=-1).any()
    assert (loud == alarm).all(axis=-1).any()
