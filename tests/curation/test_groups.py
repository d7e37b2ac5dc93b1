import numpy as np
import pytest

from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs


def pairs(first, second):
    first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
    return Pairs(first, second, np.ones(first.size))


def by_scipy(n, first, second):
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(c, len(numbers)) for c in component.tolist()]


def test_groups_join_all_evidence_and_are_numbered_by_first_row():
    assert groups(6, [pairs([1], [3]), pairs([3], [4])]).tolist() == [0, 1, 2, 1, 1, 3]
    assert groups(3, []).tolist() == [0, 1, 2]
    assert groups(0, []).tolist() == []


@pytest.mark.parametrize("links", [300, 1000, 3000])
def test_groups_are_those_of_scipy(links):
    rng = np.random.default_rng(links)
    first, second = rng.integers(0, 2000, (2, links))
    half = links // 2
    found = groups(2000, [pairs(first[:half], second[:half]), pairs(first[half:], second[half:])])
    assert found.tolist() == by_scipy(2000, first, second)


def test_a_chain_of_a_hundred_thousand_is_one_group_from_either_end():
    chain = np.arange(99_999)
    assert not groups(100_000, [pairs(chain, chain + 1)]).any()
    assert not groups(100_000, [pairs(chain[::-1], chain[::-1] + 1)]).any()


def test_read_only_columns_are_welcome():
    some = pairs([0], [2])
    some.first.flags.writeable = some.second.flags.writeable = False
    assert groups(3, [some]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("first", "second"), [([0], [3]), ([-1], [2])])
def test_pairs_of_rows_that_are_not_there_are_refused(first, second):
    with pytest.raises(IndexError, match="of 3 rows"):
        groups(3, [pairs(first, second)])
