"""Undo, several reviewers, pairs, agreement."""

import pytest
from sklearn.metrics import cohen_kappa_score

from galaxycurate.core.decision import Decision, DecisionKind, Keep
from galaxycurate.curation.decisions import agreements, cohen_kappa, settle, standing

A, B = "images/spiral/a.jpg", "images/spiral/b.jpg"


def said(uid, word="spiral", path=A, who="ann", **about):
    return Decision(uid, path, DecisionKind.LABEL, word, reviewer=who, **about)


def undo(uid, what):
    return Decision(uid, A, DecisionKind.UNDO, undoes=what)


def test_undo_takes_a_line_back_and_undone_itself_gives_it_back():
    lines = [said("1"), said("2", "merger"), undo("3", "2")]
    assert [d.uid for d in standing(lines)] == ["1"]
    assert [d.uid for d in standing([*lines, undo("4", "3")])] == ["1", "2"]


def test_the_last_word_of_one_person_counts():
    found = settle([said("1"), said("2", "merger")], {A: ""})
    assert (found[A].use, found[A].label) == (True, "merger")


def test_most_reviewers_win_and_a_tie_is_disputed_and_left_out():
    two = [said("1", "spiral"), said("2", "merger", who="ben")]
    tied = settle(two, {A: ""})[A]
    assert not tied.use
    assert tied.why == "reviewers disagree: ann spiral, ben merger"
    third = settle([*two, said("3", "merger", who="eve")], {A: ""})[A]
    assert (third.use, third.label, third.why) == (True, "merger", "merger by ben, eve")


def test_a_decision_on_an_older_picture_says_nothing():
    lines = [said("1", sha256="old")]
    assert settle(lines, {A: "new"}) == {}
    assert settle(lines, {A: "old"})[A].use


def test_a_rejection_tells_its_reason():
    lines = [Decision("1", A, DecisionKind.REJECT, reason="satellite trail", reviewer="ann")]
    assert settle(lines, {})[A].why == "rejected by ann: satellite trail"


@pytest.mark.parametrize(
    ("keep", "used"), [(Keep.PATH, {A: True, B: False}), (Keep.BOTH, {A: True, B: True})]
)
def test_of_a_pair_stays_what_a_person_keeps(keep, used):
    pair = Decision("1", A, DecisionKind.PAIR, partner=B, keep=keep)
    assert {path: one.use for path, one in settle([pair], {}).items()} == used


def test_a_class_says_nothing_of_which_of_a_pair_stays_and_a_rejection_has_the_last_word():
    pair = Decision("2", A, DecisionKind.PAIR, partner=B, keep=Keep.PATH)
    reject = Decision("3", A, DecisionKind.REJECT, reason="blurred")
    found = settle([said("1", path=B), pair, reject], {})
    assert (found[B].use, found[B].label, found[B].why) == (False, "spiral", f"a person keeps {A}")
    assert (found[A].use, found[A].ground) == (False, "rejected: blurred")


def test_a_pair_told_the_other_way_round_is_the_same_pair():
    there = Decision("1", A, DecisionKind.PAIR, partner=B, keep=Keep.PATH, reviewer="ann")
    back = Decision("2", B, DecisionKind.PAIR, partner=A, keep=Keep.PARTNER, reviewer="ben")
    assert {path: one.use for path, one in settle([there, back], {}).items()} == {A: True, B: False}
    (both,) = agreements([there, back])
    assert (both.n, both.agreed) == (1, 1)


def test_a_picture_that_one_of_its_pairs_drops_is_dropped():
    c = "images/spiral/c.jpg"
    pairs = [
        Decision("1", A, DecisionKind.PAIR, partner=B, keep=Keep.PATH),
        Decision("2", B, DecisionKind.PAIR, partner=c, keep=Keep.PATH),
    ]
    assert {path: one.use for path, one in settle(pairs, {}).items()} == {
        A: True, B: False, c: False,
    }  # fmt: skip


def test_doubts_and_second_looks_decide_nothing():
    doubt = Decision("1", A, DecisionKind.UNSURE)
    assert settle([doubt, said("2", "merger", again=1)], {}) == {}


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
