"""Undo, several reviewers, pairs, older pictures."""

import pytest

from galaxycurate.core.decision import Decision, DecisionKind, Keep
from galaxycurate.curation.decisions import DISPUTED, settle, standing

A, B = "images/spiral/a.jpg", "images/spiral/b.jpg"
TODAY = {A: "aa", B: "bb"}


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


def test_a_word_on_an_older_picture_takes_nothing_from_the_one_on_todays():
    lines = [said("1", "spiral", sha256="aa"), said("2", "merger", sha256="old")]
    assert settle(lines, TODAY)[A].label == "spiral"


def test_who_says_last_that_nothing_can_be_said_has_no_word():
    doubt = Decision("2", A, DecisionKind.UNSURE, reviewer="ann")
    assert settle([said("1"), doubt], TODAY) == {}
    assert settle([said("1"), doubt, undo("3", "2")], TODAY)[A].label == "spiral"
    assert settle([doubt, said("4", "merger")], TODAY)[A].label == "merger"


def test_a_class_that_is_called_as_a_kind_is_no_vote_for_it():
    lines = [
        said("1", "reject", who="ann"), said("2", "spiral", who="ben"),
        said("3", "spiral", who="eve"),
        Decision("4", A, DecisionKind.REJECT, reason="trail", reviewer="kim"),
        Decision("5", A, DecisionKind.REJECT, reason="trail", reviewer="lea"),
    ]  # fmt: skip
    assert settle(lines, TODAY)[A].ground == DISPUTED  # two and two, and one for a class


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


@pytest.mark.parametrize(("path", "keep"), [(A, Keep.PARTNER), (B, Keep.PATH)])
def test_a_rejected_picture_is_rejected_on_whichever_side_its_pair_drops_it(path, keep):
    lines = [
        Decision("1", path, DecisionKind.REJECT, reason="trail", reviewer="ann"),
        Decision("2", A, DecisionKind.PAIR, partner=B, keep=keep, reviewer="ann"),
    ]
    for some in (lines, lines[::-1]):
        found = settle(some, TODAY)
        assert (found[path].is_rejected, found[path].ground) == (True, "rejected: trail")
    dropped = settle(lines[1:], TODAY)[path]
    assert (dropped.use, dropped.is_rejected) == (False, False)


def test_a_pair_told_the_other_way_round_is_the_same_pair():
    there = Decision("1", A, DecisionKind.PAIR, partner=B, keep=Keep.PATH, reviewer="ann")
    back = Decision("2", B, DecisionKind.PAIR, partner=A, keep=Keep.PARTNER, reviewer="ben")
    assert {path: one.use for path, one in settle([there, back], {}).items()} == {A: True, B: False}


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


def pair(uid, keep, who="ann", **about):
    return Decision(uid, A, DecisionKind.PAIR, partner=B, keep=keep, reviewer=who, **about)


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        ({"sha256": "aa", "partner_sha256": "bb"}, True), ({"sha256": "aa"}, True), ({}, True),
        ({"sha256": "aa", "partner_sha256": "old"}, False),
        ({"sha256": "old", "partner_sha256": "bb"}, False), ({"partner_sha256": "aa"}, False),
    ],
)  # fmt: skip
def test_a_pair_counts_while_both_of_its_pictures_are_those_that_were_shown(shown, counts):
    there = pair("1", Keep.PATH, **shown)
    back = Decision(
        "2", B, DecisionKind.PAIR, partner=A, keep=Keep.PARTNER,
        sha256=shown.get("partner_sha256", ""), partner_sha256=shown.get("sha256", ""),
    )  # fmt: skip
    for line in (there, back):
        assert {p: one.use for p, one in settle([line], TODAY).items()} == (
            {A: True, B: False} if counts else {}
        )


def test_a_disputed_pair_throws_out_neither():
    found = settle([pair("1", Keep.PATH), pair("2", Keep.PARTNER, who="ben")], TODAY)
    assert [(one.use, one.is_disputed, one.beside) for one in found.values()] == [
        (True, True, frozenset())
    ]
    labelled = settle(
        [said("3", path=B), pair("1", Keep.PATH), pair("2", Keep.PARTNER, who="ben")], TODAY
    )
    assert (labelled[B].label, labelled[B].is_disputed) == ("spiral", True)


def test_who_is_kept_is_kept_beside_that_one_picture():
    (kept, out) = settle([pair("1", Keep.PATH)], TODAY).values()
    assert (kept.beside, kept.why, out.beside) == ({B}, f"kept instead of {B}", frozenset())
    both = settle([pair("1", Keep.BOTH)], TODAY)
    assert (both[A].beside, both[B].beside, both[A].why) == ({B}, {A}, f"kept beside {B}")
