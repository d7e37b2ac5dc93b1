"""PhotoObjDR7 of the simulated survey: consistent with the rules of CAS, and not complete."""

import numpy as np
import pytest

from galaxycurate.core.geometry import separation
from galaxycurate.core.ids import decode
from galaxycurate.curation.crosswalk import same_field
from galaxycurate.sandbox.simulated import dr7
from tests import survey


@pytest.fixture(scope="module")
def both():
    import pandas as pd

    rng = np.random.default_rng(1)
    objects = pd.DataFrame(survey.objects(survey.fields(10, rng), rng))
    return objects.set_index("objID"), dr7.matched(objects, 3).set_index("dr8objid")


def test_each_object_has_one_older_id_in_the_same_field(both):
    _, table = both
    older = table.dr7objid.to_numpy()
    assert np.unique(older).size == older.size
    assert same_field(older, table.index.to_numpy()).all()
    assert (decode(older)["skyVersion"] == 1).all()


def test_positions_differ_by_what_the_distance_says_in_arcmin(both):
    objects, table = both
    newer = objects.loc[table.index]
    apart = separation(table.ra, table.dec, newer.ra, newer.dec)
    assert apart == pytest.approx(table.distance.to_numpy() * 60, abs=1e-4)
    assert apart.max() < 1.0


def test_some_objects_are_not_matched_and_some_were_no_primaries(both):
    objects, table = both
    assert 0.01 < 1 - len(table) / len(objects) < 0.03
    assert 0 < (table.modeDR7 != table.modeDR8).mean() < 0.02


def test_the_same_seed_gives_the_same_table(both):
    objects, table = both
    again = dr7.matched(objects.reset_index(), 3).set_index("dr8objid")
    assert again.equals(table)
