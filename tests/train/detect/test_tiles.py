import numpy as np
import pytest

from train.detect.tiles import joined, plan


@pytest.mark.parametrize("shape", [(740, 1025), (256, 256), (257, 700), (90, 40), (448, 449)])
def test_every_pixel_is_in_one_core_and_far_from_its_tiles_border(shape):
    cover, tile_px, overlap = np.zeros(shape, int), 256, 64
    y, x = np.indices(shape)
    for tile in plan(shape, tile_px=tile_px, overlap_px=overlap):
        assert tile.bottom - tile.top == min(tile_px, shape[0])
        assert tile.right - tile.left == min(tile_px, shape[1])
        x0, y0, x1, y1 = tile.core
        core = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
        cover += core
        for inside, first, last, length in (
            (y[core], tile.top, tile.bottom, shape[0]),
            (x[core], tile.left, tile.right, shape[1]),
        ):
            assert first == 0 or inside.min() >= first + overlap // 2
            assert last == length or inside.max() <= last - overlap // 2
    assert (cover == 1).all()


def test_a_box_on_a_border_belongs_to_both_tiles_and_is_joined_to_one():
    left, right = plan((64, 112), tile_px=64, overlap_px=16)
    border = left.core[2]
    seen = np.array([[border - 7, 20, border + 6, 33], [border - 6.5, 20, border + 6.6, 33.4]])
    assert left.owns(seen).all()
    assert right.owns(seen).all()
    assert joined(seen, np.array([0.6, 0.8]), 0.4).tolist() == [1]


def test_a_box_deep_in_a_core_has_one_owner():
    tiles = plan((1489, 2048), tile_px=256, overlap_px=64)
    box = np.array([[120.0, 100, 140, 120]])
    assert sum(bool(tile.owns(box)[0]) for tile in tiles) == 1


def test_joining_keeps_neighbours_and_ranks_them():
    boxes = np.array([[0.0, 0, 10, 10], [8, 0, 18, 10], [1, 1, 11, 11], [50, 50, 60, 60]])
    assert joined(boxes, np.array([0.5, 0.7, 0.9, 0.1]), 0.4).tolist() == [2, 1, 3]
    assert len(joined(np.zeros((0, 4)), np.zeros(0), 0.4)) == 0
