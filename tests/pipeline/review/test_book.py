"""Decisions line by line come to what all lines together come to."""

from hypothesis import given
from hypothesis import strategies as st

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.curation.decisions import standing
from galaxycurate.pipeline.review.book import Book


def label(uid, path="images/a/1.jpg", who="anna", **about):
    return Decision(uid, path, DecisionKind.LABEL, label="a", reviewer=who, **about)


def undo(uid, undoes, path="images/a/1.jpg"):
    return Decision(uid, path, DecisionKind.UNDO, undoes=undoes, reviewer="anna")


def test_an_undone_undo_makes_a_decision_count_again():
    book = Book([label("1"), undo("2", "1")])
    assert not book.stands("1")
    assert book.about("images/a/1.jpg") == []
    book.add([undo("3", "2")])
    assert book.stands("1")
    book.add([undo("4", "1")])
    assert not book.stands("1")


def test_a_thousand_undos_of_undos_are_no_deep_well():
    lines = [label("0"), *(undo(str(k), str(k - 1)) for k in range(1, 5001))]
    assert Book(lines).stands("0")


def test_pairs_are_kept_in_the_order_of_their_paths():
    turned = Decision("1", "b", DecisionKind.PAIR, partner="a", keep="path", reviewer="anna")
    (line,) = Book([turned]).about("a", "b")
    assert (line.path, line.partner, line.keep) == ("a", "b", "partner")


def test_a_person_who_undid_a_decision_has_seen_the_label_all_the_same():
    book = Book([label("1"), undo("2", "1")])
    assert book.has_seen("anna", "images/a/1.jpg")
    assert not book.has_seen("ben", "images/a/1.jpg")


def test_who_decided_on_a_pair_has_seen_the_labels_of_both():
    book = Book([Decision("1", "b", DecisionKind.PAIR, partner="a", keep="path", reviewer="anna")])
    assert book.has_seen("anna", "a")
    assert book.has_seen("anna", "b")
    assert not book.has_seen("anna", "c")


@given(st.lists(st.integers(0, 30), max_size=30))
def test_line_by_line_and_all_together_agree(draws):
    lines = []
    for k, draw in enumerate(draws):
        is_undo = lines and draw % 3
        lines.append(undo(str(k), lines[draw % len(lines)].uid) if is_undo else label(str(k)))
    assert Book(lines).standing() == standing(lines)
    step = Book()
    for line in lines:
        step.add([line])
    assert step.standing() == standing(lines)
