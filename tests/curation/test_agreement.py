"""How people agree: by two and two, and with their second looks."""

import pytest
from sklearn.metrics import cohen_kappa_score

from galaxycurate.core.decision import Decision, DecisionKind, Keep
from galaxycurate.curation.agreement import agreements, cohen_kappa
from tests.curation.test_decisions import A, B, said


def test_kappa_is_that_of_scikit_learn():
    first = list("aabbbcaacbabcabcbbac")
    second = list("aabbacaacbbbcabcbbaa")
    ours = cohen_kappa(list(zip(first, second, strict=True)))
    assert ours == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert cohen_kappa([("a", "a")] * 5) is None
    assert cohen_kappa([]) is None


def test_agreement_is_told_of_each_two_and_of_second_looks():
    lines = [
        said("1"), said("2", path=B), said("3", who="ben"), said("4", "merger", path=B, who="ben"),
        said("5", again=1),
    ]  # fmt: skip
    assert [(a.first, a.second, a.n, a.agreed) for a in agreements(lines)] == [
        ("ann", "ben", 2, 1),
        ("ann", "ann, again", 1, 1),
    ]


def test_a_pair_told_the_other_way_round_is_shared():
    there = Decision("1", A, DecisionKind.PAIR, partner=B, keep=Keep.PATH, reviewer="ann",
                     sha256="aa", partner_sha256="bb")  # fmt: skip
    back = Decision("2", B, DecisionKind.PAIR, partner=A, keep=Keep.PARTNER, reviewer="ben",
                    sha256="bb", partner_sha256="aa")  # fmt: skip
    (both,) = agreements([there, back])
    assert (both.n, both.agreed) == (1, 1)


def test_a_class_called_reject_is_no_rejection():
    lines = [said("1", "reject"), Decision("2", A, DecisionKind.REJECT, reviewer="ben")]
    assert [(one.n, one.agreed) for one in agreements(lines)] == [(1, 0)]
