"""Filters: what passes, and what a wrong one is told."""

import uuid

import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.columns import Columns
from galaxycurate.pipeline.review.filter import chosen
from galaxycurate.pipeline.review.material import gather
from tests.pipeline.review.conftest import judged, pair


@pytest.fixture
def columns(project, paths):
    """With the answers of a network on two spirals, and a decision on one."""
    names = [path.split("/")[-1] for path in paths if "/spiral/" in path]
    file = project.root / "predictions.csv"
    rows = [f"test/spiral/{names[0]},spiral,elliptical,0.95,0.05",
            f"test/spiral/{names[1]},spiral,spiral,0.03,0.97"]  # fmt: skip
    file.write_text("\n".join(["name,true,class,p_elliptical,p_spiral", *rows]) + "\n")
    material = gather(project.settings, predictions=file)
    spiral = paths[-1]
    line = Decision(uuid.uuid4().hex, spiral, DecisionKind.REJECT, reason="x", reviewer="anna")
    return Columns(material, Book([line]))


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("label=spiral", 6),
        ("label = 'spiral' and p > 0.9", 1),
        ("label=spiral AND p<.5", 1),
        ("LABEL != spiral", 4),
        ("label<>spiral Or label==spiral", 10),
        ("not (label=spiral)", 4),
        ("predicted=elliptical", 1),
        ("spiral=label", 6),
        ("decided=rejected", 1),
        ("decided=nobody and label=spiral", 5),
        ("vote_fraction >= 0.95", 3),
        ("redshift>0.04 AND redshift<0.06", 6),
        ("max(p, 0.1) > 2", 0),
        ("vote_fraction / 0 > 1", 0),
        ("not (vote_fraction / 0 > 1)", 0),
    ],
)
def test_a_filter_takes_what_passes(columns, text, n):
    assert len(chosen(text, columns).paths) == n


def test_an_objid_is_compared_digit_by_digit(columns):
    objid = columns["objID"][0]
    assert len(chosen(f"objID = {objid}", columns).paths) == 1
    assert chosen(f"objID = {int(objid) + 1000000}", columns).paths == set()


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("lable=spiral", "no column of these pictures is called 'lable'", "did you mean label?"),
        ("p>high", "no column of these pictures is called 'high'", "columns: path, name, label"),
        ("label", "the filter 'label' compares nothing", "label=spiral AND p>0.9"),
        ("label=spiral AND", "the filter 'label=spiral AND' cannot be read", "a filter looks like"),
        ("label=spiral; x", "the filter 'label=spiral; x' cannot be read at '; x'", "quotes"),
        ("__import__('os')=1", "calls __import__", "a filter looks like"),
        ("1=1", "the filter '1=1' compares nothing", "label=spiral AND p>0.9"),
        ("label=spirl", "label is never 'spirl'", "did you mean spiral? label: elliptical, spiral"),
        ("label!=Spiral", "label is never 'Spiral'", "did you mean spiral?"),
        ("split=validation", "split is never 'validation'", "split: test, train, val"),
        ("verdict=claen", "verdict is never 'claen'", "did you mean clean?"),
        ("decided=rejectd", "decided is never 'rejectd'", "did you mean rejected?"),
        ("p > 'a'", "compares text with a number", "a filter looks like"),
    ],
)
def test_a_wrong_filter_is_told_what_is_wrong(columns, text, said, hint):
    with pytest.raises(UsageError) as raised:
        chosen(text, columns)
    assert said in str(raised.value)
    assert hint in raised.value.hint


def test_it_is_told_how_many_cannot_be_told(columns):
    found = chosen("p < 0.5 or p >= 0.5", columns)
    assert len(found.paths) == 2
    assert found.note.startswith("8 of 10 pictures cannot be told by the filter, and do not pass")
    assert found.note.endswith("p is not known")
    assert chosen("label=spiral AND p>0.9", columns).note.startswith("4 of 10 pictures")
    assert chosen("label=spiral", columns).note == ""
    divided = chosen("vote_fraction / 0 > 1", columns).note
    assert divided.startswith("10 of 10 pictures")
    assert divided.endswith("do not pass: what is divided by zero is not known")


def test_a_picture_with_several_verdicts_passes_by_each_of_them(project, paths):
    a, b, c = paths[:3]
    judged(project, "audit", Verdict(a, VerdictKind.CLEAN), Verdict(b, VerdictKind.CLEAN))
    judged(project, "dedupe", pair(a, c, VerdictKind.OVERLAP))
    columns = Columns(gather(project.settings), Book())
    assert chosen("verdict=clean", columns).paths == {a, b}
    assert chosen("verdict=overlap", columns).paths == {a, c}
    assert chosen("'clean' = verdict and verdict != overlap", columns).paths == {b}
    assert chosen("verdict != ''", columns).paths == {a, b, c}
    assert chosen("verdict = ''", columns).paths == set(paths) - {a, b, c}
