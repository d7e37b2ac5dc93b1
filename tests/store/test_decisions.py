"""Decisions in the ledger: appended, once each, by several people at once."""

import multiprocessing as mp

import pytest
import sqlalchemy as sa

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import InputError
from galaxycurate.store.ledger import Ledger


def decision(n: int, **about) -> Decision:
    return Decision(f"{n:032x}", f"images/spiral/{n}.jpg", DecisionKind.LABEL, "spiral", **about)


def decide(url: str, reviewer: str, first: int, many: int) -> None:
    with Ledger.open(url) as ledger:
        run = ledger.start("review", {"reviewer": reviewer})
        for n in range(first, first + many):
            ledger.decide(run, [decision(n, reviewer=reviewer)])


def test_a_decision_comes_back_as_it_was_with_the_time_of_the_ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        run = ledger.start("review", {})
        told = decision(1, reviewer="ann", queue="new", sha256="a" * 64, blind=1, took_ms=640)
        assert ledger.decide(run, [told]) == 1
        (back,) = ledger.decisions()
    assert back.time_utc.startswith("20")
    assert vars(back) | {"time_utc": ""} == vars(told)


def test_a_line_that_comes_twice_is_one_line(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        run = ledger.start("review", {})
        assert ledger.decide(run, [decision(1), decision(2)]) == 2
        assert ledger.decide(run, [decision(2), decision(3), decision(3)]) == 1
        assert [int(d.uid, 16) for d in ledger.decisions()] == [1, 2, 3]


def test_datasets_in_one_database_do_not_mix(tmp_path):
    url = f"sqlite:///{tmp_path}/team.sqlite"
    for n, name in enumerate(("a", "b")):
        with Ledger.open(url, name) as ledger:
            ledger.decide(ledger.start("review", {}), [decision(n)])
    with Ledger.open(url, "b") as ledger:
        assert [d.path for d in ledger.decisions()] == ["images/spiral/1.jpg"]


def test_a_uid_of_another_dataset_is_refused_and_nothing_is_appended(tmp_path):
    url = f"sqlite:///{tmp_path}/team.sqlite"
    with Ledger.open(url, "a") as ledger:
        ledger.decide(ledger.start("review", {}), [decision(1)])
    with Ledger.open(url, "b") as ledger:
        run = ledger.start("review", {})
        with pytest.raises(InputError, match="another dataset of this database: a"):
            ledger.decide(run, [decision(0), decision(1)])
        assert ledger.decisions() == []


def test_a_ledger_from_before_pairs_kept_both_pictures_is_brought_up_to_date(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    with Ledger.open(url) as ledger:
        ledger.decide(ledger.start("review", {}), [decision(1, sha256="a" * 64)])
    with sa.create_engine(url).begin() as db:
        db.execute(sa.text("alter table decision drop column partner_sha256"))
    with Ledger.open(url, create=False) as ledger:
        (back,) = ledger.decisions()
        assert (back.sha256, back.partner_sha256) == ("a" * 64, "")
        told = decision(2, partner_sha256="b" * 64)
        assert ledger.decide(ledger.start("review", {}), [told]) == 1
        assert ledger.decisions()[1].partner_sha256 == "b" * 64


def test_the_picture_of_a_path_is_the_newest(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        for sha256 in ("old", "new"):
            one = Outcome("images/a/1.jpg", "1", "a", "x", Status.OK, sha256=sha256)
            ledger.add_outcomes(ledger.start("download", {}), [one])
        assert ledger.sha256_of(["images/a/1.jpg", "images/a/2.jpg"]) == {"images/a/1.jpg": "new"}


def test_two_people_at_once_lose_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    Ledger.open(url).__exit__()
    context = mp.get_context("spawn")
    people = [
        context.Process(target=decide, args=(url, name, first, 60))
        for name, first in (("ann", 0), ("ben", 100))
    ]
    for one in people:
        one.start()
    for one in people:
        one.join(60)
    with Ledger.open(url) as ledger:
        found = ledger.decisions()
    assert sorted(int(d.uid, 16) for d in found) == [*range(60), *range(100, 160)]
