"""Queues: what waits, in which order, and what an empty one says."""

from dataclasses import replace

import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Reason, Status, Verdict, VerdictKind
from galaxycurate.errors import InputError, UsageError
from galaxycurate.pipeline.review.waiting import waiting
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import picture
from tests.pipeline.review.conftest import judged, opened, pair, said


def names(session):
    return [(entry.path, entry.partner) for entry in session.entries]


def test_every_kept_picture_waits_in_the_order_of_paths(project, paths):
    assert len(paths) == 10
    assert paths == sorted(paths)


def test_pictures_that_dedupe_left_out_do_not_wait(project, paths):
    judged(project, "dedupe", pair(paths[0], paths[1], keep=False))
    with opened(project) as session:
        assert [entry.path for entry in session.entries] == [paths[0], *paths[2:]]


def test_what_the_audit_suspects_comes_negatives_first_worst_and_brightest_first(project):
    made = project.manifest("negative", 4, size_px=[48] * 4, limit_mag_r=[20.0] * 4)
    project.fetch(made, side=48)
    with opened(project, filter="label=negative") as session:
        a, b, c, d = [entry.path for entry in session.entries]
        star = next(p for p in session.material.pictures if "/spiral/" in p)
    judged(
        project, "audit",
        Verdict(a, VerdictKind.BORDERLINE, mag_r=15.0), Verdict(b, VerdictKind.CLEAN),
        Verdict(c, VerdictKind.CONTAMINATED, mag_r=19.0), Verdict(star, VerdictKind.BORDERLINE),
        Verdict(d, VerdictKind.CONTAMINATED, mag_r=17.0, evidence="a galaxy is listed: r = 17"),
    )  # fmt: skip
    with opened(project, queue="contaminated") as session:
        assert names(session) == [(d, ""), (c, ""), (a, ""), (star, "")]
        assert session.entries[0].why == "contaminated: a galaxy is listed: r = 17"


def test_doubtful_pairs_come_first_and_each_once(project, paths):
    a, b, c, d, e, f = paths[:6]
    judged(
        project, "dedupe",
        pair(a, b, VerdictKind.EXACT_FILE), pair(b, a, VerdictKind.EXACT_FILE),
        pair(c, d, fdr=0.0001), pair(d, e, fdr=0.0009), pair(e, f, VerdictKind.CONFLICT),
        pair(a, f, VerdictKind.NEAR_FIELD), pair(b, "images/spiral/gone.jpg"),
    )  # fmt: skip
    with opened(project, queue="pairs") as session:
        assert names(session) == [(e, f), (d, e), (c, d), (a, b)]


def test_the_labels_that_networks_doubt_come_in_the_order_of_the_list(project, paths):
    file = project.root / "label_noise.csv"
    spirals = [path for path in paths if "/spiral/" in path]
    lines = [f"{k},val/spiral/{path.split('/')[-1]},,spiral,elliptical,0.1,0.9,-0.8,yes"
             for k, path in enumerate(spirals[:2][::-1], 1)]  # fmt: skip
    head = "rank,path,objID,label,suggested,p_label,p_suggested,score,issue"
    file.write_text("\n".join([head, *lines, "3,spiral/none.jpg,,spiral,x,0.1,0.9,-0.8,no"]))
    with opened(project, queue="noise", noise=file) as session:
        assert [entry.path for entry in session.entries] == spirals[:2][::-1]
        assert session.items(0, 1)[0]["suggested"] == "elliptical"


def test_a_queue_without_its_list_says_what_writes_it(project):
    with pytest.raises(InputError, match="nobody has looked for label noise") as raised:
        opened(project, queue="noise")
    assert raised.value.hint.startswith("python -m train folds")


def test_rejected_answers_wait_where_their_bytes_were_kept(project):
    made = project.manifest("spiral", 8, name="more", size_px=[48] * 8)
    row = list(made.rows())[7]
    with Ledger.open(project.settings.ledger_url) as ledger:
        good = next(iter(ledger.outcomes(Status.OK)))
        bad = replace(
            good, path=f"images/spiral/{row['name']}.jpg", name=row["name"], label="spiral",
            status=Status.REJECTED, reason=Reason.ERROR_TILE, detail="74 %",
        )  # fmt: skip
        ledger.add_outcomes(ledger.start("download", {}), [bad])
    with opened(project, queue="errors") as session, pytest.raises(InputError, match="no bytes"):
        session.check_waits()
    kept = project.root / "dataset" / "rejected" / "error-tile" / "spiral" / f"{row['name']}.jpg"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(picture(5))
    with opened(project, queue="errors") as session:
        assert session.entries[0].why == "rejected: error tile: 74 %"
        assert session.pictures.full(bad.path).body == picture(5)


def test_a_random_order_is_the_same_tomorrow(project, paths):
    with opened(project, queue="random") as one, opened(project, queue="random") as other:
        assert names(one) == names(other)
        assert names(one) != [(path, "") for path in paths]
        assert sorted(entry.path for entry in one.entries) == paths


def test_what_reviewers_disagree_about_waits_until_the_words_are_even_no_more(project, paths):
    with opened(project) as anna, opened(project, reviewer="ben") as ben:
        anna.decide(
            [said(anna, 0, "label", label="spiral"), said(anna, 1, "label", label="spiral")]
        )
        ben.decide(
            [said(ben, 0, "label", label="elliptical"), said(ben, 1, "label", label="spiral")]
        )
    with opened(project, queue="disputed", reviewer="carl") as carl:
        assert [entry.path for entry in carl.entries] == [paths[0]]
        assert carl.items(0, 1)[0]["others"] == [["anna", "spiral"], ["ben", "elliptical"]]
        carl.decide([said(carl, 0, "label", label="spiral")])
    with opened(project, queue="disputed") as session, pytest.raises(InputError, match="nothing"):
        session.check_waits()


def test_words_on_an_older_picture_neither_dispute_nor_end_a_dispute(project, paths):
    old = {"sha256": "0" * 64}
    words = [("ann", "spiral", {}), ("ben", "elliptical", {}), ("ben", "spiral", old)]
    lines = [
        Decision(f"{k:032x}", paths[0], DecisionKind.LABEL, word, reviewer=who, **about)
        for k, (who, word, about) in enumerate(words)
    ]
    with Ledger.open(project.settings.ledger_url) as ledger:
        ledger.decide(ledger.start("review", {}), lines)
    with opened(project, queue="disputed") as session:
        assert names(session) == [(paths[0], "")]


def test_an_unknown_queue_is_told_the_near_one():
    with pytest.raises(UsageError, match="no queue is called 'nois'") as raised:
        Wanted(queue="nois")
    assert raised.value.hint.startswith("did you mean noise?")


def test_what_waits_is_counted_queue_by_queue(project):
    counts = {one.queue: (one.left, one.total) for one in waiting(project.settings, Wanted())}
    assert counts["unreviewed"] == counts["random"] == (10, 10)
    assert counts["pairs"] == (0, 0)
    (one,) = waiting(project.settings, Wanted(filter="label=elliptical"))
    assert (one.queue, one.total) == ("filter: label=elliptical", 4)
