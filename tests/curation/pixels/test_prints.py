"""Prints: columns that come back from a file as they went."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints
from tests.curation.pixels import noisy


@pytest.fixture(scope="module")
def three():
    pictures = [noisy.window(noisy.exposure(seed), 0, 0) for seed in range(2)]
    return [fingerprint(p) for p in (*pictures, np.zeros((9, 9, 3), np.uint8))]


def same(a: Prints, b: Prints) -> bool:
    return all(
        (getattr(a, name).values == getattr(b, name).values).all()
        and (getattr(a, name).starts == getattr(b, name).starts).all()
        for name in ("marks", "sources")
    ) and all(
        (getattr(a, name) == getattr(b, name)).all() for name in ("width", "height", "pixels")
    )


def test_prints_survive_parquet(three):
    file = io.BytesIO()
    prints = Prints.of(three)
    pq.write_table(prints.to_arrow(), file)
    assert same(prints, Prints.from_arrow(pq.read_table(file)))


def test_a_slice_or_chunks_of_a_table_are_read(three):
    table = pa.concat_tables([Prints.of([p]).to_arrow() for p in three])
    assert same(Prints.of(three), Prints.from_arrow(table))
    assert same(Prints.of(three[1:]), Prints.from_arrow(Prints.of(three).to_arrow().slice(1)))


def test_taking_and_joining_undo_each_other(three):
    prints = Prints.of(three)
    parts = [prints.take(np.array([k])) for k in range(3)]
    assert same(prints, Prints.concatenate(parts))
    assert same(prints, prints.take([2, 0, 1]).take([1, 2, 0]))


def test_no_prints_are_prints():
    none = Prints.of([])
    assert len(none) == 0
    assert len(Prints.concatenate([])) == 0
    assert len(Prints.from_arrow(none.to_arrow())) == 0


def test_a_stored_print_takes_less_than_2_kb():
    many = [fingerprint(noisy.window(noisy.exposure(s), 0, 0)) for s in range(20)]
    file = io.BytesIO()
    pq.write_table(Prints.of(many).to_arrow(), file, compression="zstd")
    assert file.tell() / len(many) < 2048


def test_only_equal_pixels_of_equal_shape_have_equal_digests():
    picture = noisy.window(noisy.exposure(1), 0, 0, 40)
    other = picture.copy()
    other[3, 4, 1] ^= 1
    digests = {fingerprint(p).pixels for p in (picture, picture.copy(), other)}
    assert len(digests) == 2
    blank = [fingerprint(np.zeros(shape, np.uint8)).pixels for shape in ((2, 6, 3), (3, 4, 3))]
    assert blank[0] != blank[1]
