from __future__ import annotations

import numpy as np
import pytest

from galaxycurate.curation.shortcuts import LEAST, LIMIT, Told, enough, tell

RNG = np.random.default_rng(7)


def nuisances(n: int, **columns) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {"noise": rng.normal(5, 1, n), "level": rng.normal(40, 9, n), **columns}


def test_what_differs_by_class_alone_is_told_and_named():
    label = np.repeat(["negative", "spiral"], 40)
    found = tell(
        nuisances(80, width_px=np.where(label == "spiral", 423.0, 256.0)), label, np.arange(80)
    )
    assert found.warns
    assert found.auc > 0.99
    assert found.low <= found.auc <= found.high
    worst = found.features[0]
    assert (worst.name, worst.auc) == ("width_px", 1.0)
    assert worst.typical == {"negative": 256.0, "spiral": 423.0}


@pytest.mark.parametrize("seed", range(4))
def test_sixty_images_made_alike_are_quiet(seed):
    label = np.repeat(["a", "b"], 30)
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(0, 1, 60) for name in "uvwxyz"}
    assert not tell(columns, label, np.arange(60), seed=seed).warns


def test_chance_is_measured_where_few_images_reach_the_limit():
    label = np.repeat(["a", "b"], 20)
    level = np.random.default_rng(2).normal(np.where(label == "b", 1.8, 0.0), 1)
    found = tell({"level": level}, label, np.arange(40))
    assert LIMIT < found.auc < 1
    assert found.chance == pytest.approx(1 / 20)
    assert found.warns


def test_what_shuffled_labels_reach_as_well_raises_no_warning():
    label = np.repeat(["a", "b"], 10)
    level = np.random.default_rng(18).normal(size=20) + 0.7 * (label == "a")
    found = tell({"level": level}, label, np.arange(20))
    assert found.auc > max(LIMIT, found.by_chance_high)
    assert found.chance > 0.05
    assert not found.warns


def test_what_only_groups_remember_is_not_told():
    """Copies of one image in training and in the question would make a classifier look clever."""
    group = np.repeat(np.arange(60), 5)
    own = np.random.default_rng(5).normal(0, 1, 60)[group]
    label = np.array(["a", "b"])[np.random.default_rng(6).integers(0, 2, 60)][group]
    torn = tell({"own": own}, label, np.arange(300))
    held = tell({"own": own}, label, group)
    assert torn.auc > 0.75
    assert held.auc < torn.auc - 0.1
    assert not held.warns


def test_unknown_values_tell_too():
    label = np.repeat(["a", "b"], 60)
    scale = np.where(label == "a", np.nan, 0.396)
    found = tell(nuisances(120, pixscale=scale), label, np.arange(120))
    assert found.warns
    assert found.features[0].name == "pixscale"
    assert np.isnan(found.features[0].typical["a"])


def test_what_is_the_same_everywhere_tells_nothing_and_is_listed():
    label = np.repeat(["a", "b"], 20)
    same = {"width_px": np.full(40, 256.0), "pixscale": np.full(40, np.nan)}
    found = tell(same, label, np.arange(40))
    assert (found.auc, found.features, found.warns) == (0.5, (), False)
    assert found.same == ("width_px", "pixscale")


def test_of_twelve_classes_the_one_that_was_made_otherwise_is_noticed():
    label = np.repeat([f"class {k:02}" for k in range(12)], 20)
    tables = np.where(label == "class 03", 9.0, 4.0)
    found = tell(nuisances(240, tables=tables), label, np.arange(240))
    assert found.features[0].name == "tables"
    assert found.features[0].typical["class 03"] == 9.0
    assert (found.warns, found.best) == (True, "class 03")
    assert found.auc > 0.99
    assert found.low > 0.95
    assert (found.features[0].auc, found.features[0].best) == (1.0, "class 03")


def test_what_is_named_first_tells_the_class_that_is_told_best_and_not_another():
    """One measure tells b well; eight others, each by itself worse, together tell a better."""
    label = np.repeat(["a", "b", "c"], 120)
    rng = np.random.default_rng(0)
    columns = {"of b": rng.normal(1.9 * (label == "b"), 1)}
    columns |= {f"of a {k}": rng.normal(0.85 * (label == "a"), 1) for k in range(8)}
    found = tell(columns, label, np.arange(360))
    by_name = {one.name: one for one in found.features}
    assert found.best == "a"
    assert (found.features[0].name.startswith("of a"), found.features[0].best) == (True, "a")
    assert by_name["of b"].best == "b"
    assert by_name["of b"].auc > max(by_name[f"of a {k}"].auc for k in range(8))


def test_what_chance_reaches_is_told_beside_what_the_best_of_many_classes_reaches():
    label = np.repeat([f"class {k}" for k in range(10)], 20)
    found = tell(nuisances(200), label, np.arange(200))
    assert 0.55 < found.by_chance < found.by_chance_high < LIMIT
    assert found.low < found.by_chance
    assert found.low <= found.auc <= found.high


def test_above_the_limit_there_is_a_warning_only_above_chance():
    assert Told(0.8, 0.6, 0.9, by_chance_high=0.79).warns
    assert not Told(0.8, 0.6, 0.9, by_chance_high=0.81).warns
    assert not Told(0.7, 0.6, 0.9, by_chance_high=0.6).warns


@pytest.mark.parametrize("seed", range(3))
def test_of_twelve_classes_made_alike_none_is_noticed(seed):
    label = np.repeat([f"class {k:02}" for k in range(12)], 20)
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(0, 1, 240) for name in "uvwxyz"}
    assert not tell(columns, label, np.arange(240), seed=seed).warns


def test_a_number_that_is_a_name_is_typical_where_it_is_frequent():
    label = np.repeat(["a", "b"], 20)
    run = np.tile([756.0, 756.0, 756.0, 94.0, 5194.0], 8)
    found = tell({"run": run}, label, np.arange(40), nominal=("run",))
    assert found.features[0].typical == {"a": 756.0, "b": 756.0}


def test_a_seed_gives_one_answer():
    label = np.array(["a", "b"])[RNG.integers(0, 2, 80)]
    group = RNG.integers(0, 50, 80)
    first, second = (tell(nuisances(80), label, group, seed=1) for _ in range(2))
    assert first == second


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class"):
        tell(nuisances(20), np.repeat("a", 20), np.arange(20))


def test_classes_of_too_few_groups_are_left_aside():
    label = np.repeat(["few groups", "few", "many"], [40, LEAST - 1, LEAST])
    group = np.concatenate([np.repeat(np.arange(4), 10), 100 + np.arange(2 * LEAST - 1)])
    assert enough(label, group) == ["many"]


def test_the_limit_is_the_one_that_the_report_promises():
    assert LIMIT == 0.75
