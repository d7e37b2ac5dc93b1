import numpy as np
import pytest

from benchmarks import contamination
from galaxycurate.curation.light import forest
from galaxycurate.curation.light.features import NAMES


def test_the_shipped_forest_belongs_to_the_features():
    shipped = forest.shipped()
    assert shipped.feature.max() < len(NAMES)
    assert 0 < shipped.borderline < shipped.contaminated < 1
    assert 40 < shipped.crowded < 200
    assert shipped.probability(np.empty((0, len(NAMES)), np.float32)).shape == (0,)


def test_arrays_answer_as_the_trees_they_were_exported_from():
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + 0.3 * rng.standard_normal(2000) > 0).astype(int)
    model = ensemble.HistGradientBoostingClassifier(max_iter=30).fit(x, y)
    ours = contamination.exported(model).probability(x)
    np.testing.assert_allclose(ours, model.predict_proba(x)[:, 1], atol=1e-5)
