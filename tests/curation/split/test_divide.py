import numpy as np
import pytest

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split import divide as module
from galaxycurate.curation.split.divide import Scene, check_guard, divide
from galaxycurate.errors import SettingError
from tests.curation.split.scans import WIDTH, leaking, scan, scene

SHARES = (0.8, 0.1, 0.1)


def off(made, label, shares=SHARES):
    stays = made.place >= 0
    return max(
        abs((made.place[stays & (label == name)] == part).mean() - share)
        for name in np.unique(label)
        for part, share in enumerate(shares)
    )


@pytest.mark.parametrize(
    ("ra", "dec"), [(150.0, 20.0), (0.0, 0.0), (10.0, 88.6), (300.0, -90.0)],
    ids=["sky", "RA 0", "near the pole", "at the pole"],
)  # fmt: skip
def test_a_scan_that_is_one_component_is_divided_and_leaks_nothing(ra, dec):
    rows = scan(10_000, ra=ra, dec=dec)
    made = divide(rows, SHARES, seed=42)
    assert len(np.unique(rows.group)) <= 3
    assert leaking(made, rows.pairs) == 0
    assert not made.uneven
    assert off(made, rows.label) < 0.02
    assert made.dropped < 0.06 * len(rows)  # the border of a tile grows as its side


def test_a_percolating_scan_of_100000_cutouts_drops_at_most_2_percent():
    rows = scan(100_000)
    assert len(np.unique(rows.group)) == 1
    made = divide(rows, SHARES, seed=42)
    assert leaking(made, rows.pairs) == 0
    assert made.dropped <= 0.02 * len(rows)
    assert off(made, rows.label) < 0.02
    assert made.cut.tolist() == [0]


def test_groups_that_can_be_placed_are_not_cut():
    rng = np.random.default_rng(2)
    ra = np.repeat(rng.uniform(0, 360, 3000), 2) + np.tile([0, 0.01], 3000)
    rows = scene(ra, np.repeat(rng.uniform(-40, 60, 3000), 2), rng.choice(["a", "b"], 6000))
    made = divide(rows, SHARES, seed=1)
    assert made.dropped == 0
    assert made.cut.size == 0
    assert leaking(made, rows.pairs) == 0
    assert (made.group == rows.group).all()


def test_only_the_group_that_is_too_large_is_cut():
    rng = np.random.default_rng(2)
    large = scan(2500)
    ra = np.concatenate([large.ra, rng.uniform(200, 300, 1500)])
    dec = np.concatenate([large.dec, rng.uniform(-10, 10, 1500)])
    rows = scene(ra, dec, np.repeat(["a", "b"], [2500, 1500]))
    made = divide(rows, SHARES, seed=1)
    assert made.cut.tolist() == [0]
    alone = np.arange(rows.ra.size) >= 2500
    assert (made.place[alone] >= 0).all()
    assert leaking(made, rows.pairs) == 0
    assert off(made, rows.label) < 0.02


def test_without_positions_a_scan_is_cut_along_its_pairs():
    rows = scan(10_000)
    nowhere = np.full(len(rows), np.nan)
    blind = Scene(**{**vars(rows), "ra": nowhere, "dec": nowhere})
    made = divide(blind, SHARES, seed=42)
    assert leaking(made, rows.pairs) == 0
    assert not made.uneven
    assert made.dropped < 0.2 * len(rows)
    assert made.tile_deg == 0


def test_one_object_is_never_cut_and_what_holds_too_much_is_named():
    rows = scan(400)
    firm = np.where(np.arange(len(rows)) < 240, 0, np.arange(len(rows)))
    made = divide(Scene(**{**vars(rows), "firm": firm}), (0.5, 0.25, 0.25), seed=1)
    assert len(set(made.meant[:240])) == 1
    assert made.uneven
    assert made.uneven[0].holds > 0.5
    assert leaking(made, rows.pairs) == 0


def test_a_picture_is_dropped_with_all_that_are_the_same():
    """Only the first of two equal pictures has the pairs of both."""
    rows = scan(2500)
    n = len(rows)
    twin = scene(
        np.tile(rows.ra, 2), np.tile(rows.dec, 2), np.tile(rows.label, 2), pairs=rows.pairs,
        firm=np.tile(np.arange(n), 2), picture=np.tile(np.arange(n), 2), group=np.zeros(2 * n, int),
    )  # fmt: skip
    made = divide(twin, SHARES, seed=3)
    assert made.dropped > 0
    assert (made.place[:n] == made.place[n:]).all()


def test_guard_none_cuts_and_drops_nothing():
    rows = scan(900)
    made = divide(rows, SHARES, guard="none", seed=1)
    assert made.dropped == 0
    assert made.uneven[0].holds == 1.0


def test_tiles_of_a_size_that_was_asked_for():
    rows = scan(10_000)
    made = divide(rows, SHARES, guard="tiles:0.2", seed=1)
    assert made.tile_deg == 0.2
    assert leaking(made, rows.pairs) == 0
    assert 40 < np.unique(made.group).size < 90


def test_groups_finer_than_what_they_share_lose_a_band():
    """Grouped by object alone, neighbours that share sky are kept apart by the guard."""
    rng = np.random.default_rng(5)
    ra = np.repeat(rng.uniform(0, 360, 2000), 2) + np.tile([0, 0.01], 2000)
    rows = scene(ra, np.repeat(rng.uniform(-40, 60, 2000), 2), np.repeat("a", 4000),
                 group=np.arange(4000))  # fmt: skip
    made = divide(rows, SHARES, seed=1)
    assert leaking(made, rows.pairs) == 0
    assert 0 < made.dropped < 1000


def test_nothing_to_divide():
    nothing = np.empty(0, np.int64)
    rows = Scene(np.empty(0, "<U1"), nothing, nothing, nothing, Pairs.none(), *np.empty((3, 0)))
    assert divide(rows, SHARES, seed=1).place.size == 0


def test_a_group_that_cannot_be_cut_does_not_hide_the_one_that_can():
    """More than half lie at one place, the others are a scan: cut that, though it is smaller."""
    rows = scan(2500)
    ra, dec = np.append(rows.ra, np.full(3000, 10.0)), np.append(rows.dec, np.full(3000, -40.0))
    firm = np.append(np.arange(2500), np.full(3000, 2500))
    whole = scene(ra, dec, np.repeat("a", 5500), firm=firm)
    made = divide(whole, SHARES, seed=1)
    assert made.cut.tolist() == [0]
    assert leaking(made, whole.pairs) == 0
    assert off(made, whole.label) < 0.02


def test_what_cannot_be_evened_is_given_up_and_nothing_else_is_cut_for_it(monkeypatch):
    """A class within one width, which shares sky each with each; and many pairs of another."""
    rng = np.random.default_rng(0)
    width, n = WIDTH / 3600, 400
    ra = np.concatenate([
        100 + rng.uniform(0, width / 2, 900),
        np.repeat(200 + 0.3 * np.arange(n), 2) + np.tile([0, width / 2], n),
    ])  # fmt: skip
    dec = np.append(rng.uniform(0, width / 2, 900), np.zeros(2 * n))
    rows = scene(ra, dec, np.repeat(["a", "b"], [900, 2 * n]))
    calls = []
    cut = module._cut
    monkeypatch.setattr(module, "_cut", lambda *args: calls.append(args[1]) or cut(*args))
    made = divide(rows, SHARES, seed=1)
    assert len(calls) <= 2
    assert leaking(made, rows.pairs) == 0
    assert (made.place[900:] >= 0).all()


def test_a_rare_class_is_the_last_that_the_guard_drops():
    rows = scan(4900)
    for seed in range(36, 42):
        label = np.repeat("galaxy", len(rows))
        label[np.random.default_rng(seed).choice(len(rows), 3, replace=False)] = "rare"
        made = divide(Scene(**{**vars(rows), "label": label}), SHARES, seed=seed)
        assert (made.place[label == "rare"] >= 0).sum() == 3
        assert leaking(made, rows.pairs) == 0


@pytest.mark.parametrize("guard", ["auto", "tiles", "tiles:0.5", "none"])
def test_guards_that_exist(guard):
    check_guard(guard)


@pytest.mark.parametrize(
    "guard",
    ["on", "tiles:", "tiles:-1", "tiles:x", "auto:1", "", "tiles:nan", "tiles:1e-8", "tiles:inf"],
)
def test_guards_that_do_not_exist_are_refused(guard):
    with pytest.raises(SettingError, match="no such guard"):
        check_guard(guard)
