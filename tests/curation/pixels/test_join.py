"""The join finds what comparing all with all finds."""

from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.curation.pixels import codes, join


@pytest.fixture(scope="module")
def marks():
    """Random codes of 40 pictures, and turned copies of some with a few wrong bits."""
    rng = np.random.default_rng(3)
    code = rng.integers(0, 1 << 63, 40 * 30, dtype=np.uint64)
    for source, copy, flip in zip(
        range(0, 300), range(600, 900), rng.integers(0, 8, 300), strict=True
    ):
        wrong = np.bitwise_or.reduce(np.uint64(1) << rng.integers(0, 63, 5).astype(np.uint64))
        code[copy] = codes.turned(code[source : source + 1], int(flip))[0] ^ wrong
    return code, np.repeat(np.arange(40, dtype=np.int32), 30)


def rows(batches) -> set:
    return {tuple(map(int, row)) for found in batches for row in zip(*found, strict=True)}


def by_force(code, owner, key, within) -> set:
    """All pairs of equal keys under some turn, compared one by one."""
    found = set()
    of_key = lambda c: np.stack([(c >> np.uint64(b)) & np.uint64(1) for b in key.bits])  # noqa: E731
    plain = of_key(code)
    for flip in range(8):
        turned = codes.turned(code, flip)
        equal = (plain[:, :, None] == of_key(turned)[:, None, :]).all(0)
        near = np.bitwise_count(code[:, None] ^ turned[None, :]) <= within
        first, second = np.nonzero(equal & near)
        keep = owner[first] < owner[second]
        found |= {(int(a), int(b), flip) for a, b in zip(first[keep], second[keep], strict=True)}
    return found


def test_all_turns_are_found_in_one_pass(marks):
    code, owner = marks
    key = join.keys(12, 1)[0]
    wanted = by_force(code, owner, key, 14)
    assert len(wanted) > 50
    assert len({flip for _, _, flip in wanted}) == 8
    assert rows(join.alike(code, owner, key, within=14)) == wanted


def test_parts_and_batches_find_the_same(marks):
    code, owner = marks
    key = join.keys(12, 2)[1]
    whole = rows(join.alike(code, owner, key, within=20))
    parts = [rows(join.alike(code, owner, key, within=20, part=(k, 5))) for k in range(5)]
    assert set.union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)
    assert rows(join.alike(code, owner, key, within=20, at_once=100)) == whole


def test_without_flips_only_upright_pairs_are_found(marks):
    code, owner = marks
    key = join.keys(12, 1)[0]
    upright = {row for row in by_force(code, owner, key, 14) if row[2] == 0}
    assert rows(join.alike(code, owner, key, within=14, flips=False)) == upright


def test_old_pictures_are_not_compared_with_each_other(marks):
    code, owner = marks
    key = join.keys(12, 1)[0]
    whole = rows(join.alike(code, owner, key, within=14))
    wanted = {row for row in whole if owner[row[1]] >= 25}
    assert rows(join.alike(code, owner, key, within=14, new=25)) == wanted


def test_crowded_keys_make_chains_not_squares():
    n = 3000
    code, owner = np.full(n, 0xABCDEF, np.uint64), np.arange(n, dtype=np.int32)
    found = rows(join.alike(code, owner, join.keys(16, 1)[0], within=8))
    assert len(found) <= n * join.MOST_FOUND
    assert {(k, k + 1) for k in range(n - 1)} <= {(a, b) for a, b, _ in found}
