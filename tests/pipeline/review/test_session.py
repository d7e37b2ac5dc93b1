"""A review: what is told, what is hidden, what gets into the ledger."""

import json
import math
import os
import uuid
from collections import Counter
from dataclasses import replace

import pytest

from galaxycurate.core.decision import DecisionKind
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.placing import Placing
from galaxycurate.curation.agreement import agreements
from galaxycurate.errors import InputError, StorageError, UsageError
from galaxycurate.pipeline.decided import read
from galaxycurate.pipeline.review import told
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.looks import Looks
from galaxycurate.pipeline.review.waiting import waiting
from galaxycurate.pipeline.review.wanted import Wanted, share
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project
from tests.pipeline.review.conftest import judged, opened, pair, said


def lines(project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return ledger.decisions()


def test_a_look_writes_nothing(project):
    with opened(project) as session:
        session.items(0, 10)
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert ledger.last_run("review") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_nobody_is_asked_for_decisions_that_cannot_be_written(project):
    folder = project.root / "dataset"
    with opened(project) as session:
        session.check_takes()
    for place, mode in ((folder, 0o500), (folder / "ledger.sqlite", 0o400)):
        before = place.stat().st_mode
        place.chmod(mode)
        with opened(project) as session, pytest.raises(StorageError, match="cannot write"):
            session.check_takes()
        place.chmod(before)


def test_a_decision_is_in_the_ledger_when_the_page_is_told_so(project, paths):
    with opened(project) as session:
        line = said(session, 2, "reject", reason=" a  trail\u0007 ")
        told = session.decide([line])
        (kept,) = lines(project)
        assert told["decided"] == 1
        assert told["items"][0]["mine"]["reason"] == "a trail"
    assert (kept.path, kept.kind, kept.reason) == (paths[2], DecisionKind.REJECT, "a trail")
    assert (kept.reviewer, kept.queue, kept.took_ms, kept.blind) == ("anna", "unreviewed", 700, 0)
    assert len(kept.sha256) == 64


def test_a_decision_that_is_sent_twice_is_one_line(project):
    with opened(project) as session:
        line = said(session, 0, "label", label="spiral")
        assert session.decide([line])["decided"] == session.decide([line])["decided"] == 1
    assert len(lines(project)) == 1


def test_a_decision_that_stands_twice_in_one_message_is_counted_once(project):
    with opened(project) as session:
        line = said(session, 0, "label", label="spiral")
        assert session.decide([line, line])["decided"] == 1
        assert sum(session.said.values()) == 1
    assert len(lines(project)) == 1


def test_of_several_decisions_all_are_taken_or_none(project):
    with opened(project) as session:
        good, bad = said(session, 0, "unsure"), said(session, 1, "label", label="no such class")
        with pytest.raises(UsageError, match="no class is called 'no such class'"):
            session.decide([good, bad])
    assert lines(project) == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"uid": "short"}, "no uid"), ({"kind": "delete"}, "no such kind"),
        ({"key": "0" * 24}, "no such picture"), ({"kind": "pair", "keep": "path"}, "a pair is"),
        ({"kind": "undo", "undoes": "0" * 32}, "no such decision of yours"),
        ({"label": ["spiral"]}, "label is no text"), ({"kind": "pair", "keep": "all"}, "keep is"),
    ],
)  # fmt: skip
def test_a_decision_that_makes_no_sense_is_refused(project, wrong, why):
    with opened(project) as session, pytest.raises(UsageError, match=why):
        session.decide([{**said(session, 0, "label", label="spiral"), **wrong}])
    assert lines(project) == []


def test_undo_and_redo_are_lines_that_are_added(project):
    with opened(project) as session:
        first = said(session, 0, "label", label="spiral")
        session.decide([first])
        undo = said(session, 0, "undo", undoes=first["uid"])
        assert session.decide([undo])["items"][0]["mine"] is None
        redo = said(session, 0, "undo", undoes=undo["uid"])
        assert session.decide([redo])["items"][0]["mine"]["label"] == "spiral"
        assert session.said == {"other label": 1}
    assert [line.kind for line in lines(project)] == ["label", "undo", "undo"]


def test_of_two_words_on_one_picture_the_last_is_told_in_the_end(project):
    with opened(project) as session:
        session.decide([said(session, 0, "label", label="spiral")])
        session.decide([said(session, 0, "reject", reason="artefact")])
        assert session.said == {"reject": 1}


def test_nobody_undoes_what_another_person_said(project):
    with opened(project) as anna, opened(project, reviewer="ben") as ben:
        line = said(anna, 0, "label", label="spiral")
        anna.decide([line])
        ben.items(0, 1)
        with pytest.raises(UsageError, match="no such decision of yours"):
            ben.decide([said(ben, 0, "undo", undoes=line["uid"])])


def test_reopened_a_review_stands_at_the_first_undecided(project):
    with opened(project) as session:
        session.decide([said(session, k, "unsure") for k in (0, 1, 3)])
    with opened(project) as session:
        about = session.about()
        assert (about["first"], about["decided"], about["total"]) == (2, 3, 10)
        assert [session.shown(key)["place"] for _, key, _ in about["history"]] == [0, 1, 3]


def test_a_page_can_take_back_the_newest_of_its_reviewers_decisions(project, paths, monkeypatch):
    monkeypatch.setattr(told, "_LAST", 2)
    sent = {}
    for who, places in (("anna", (0, 1, 2, 3)), ("ben", (4,))):
        with opened(project, reviewer=who) as session:
            sent |= {k: said(session, k, "unsure") for k in places}
            session.decide([sent[k] for k in places])
    with opened(project) as session:
        shown = [[sent[k]["uid"], sent[k]["key"], "unreviewed"] for k in (2, 3)]
        assert session.about()["history"] == shown
    replaced(project, paths[3])  # what was said of the older picture is not to be seen
    with opened(project) as session:
        assert [uid for uid, _, _ in session.about()["history"]] == [
            sent[1]["uid"], sent[2]["uid"],
        ]  # fmt: skip


def test_a_decision_on_another_picture_than_todays_is_none(project, paths):
    with opened(project) as session:
        session.decide([said(session, 0, "unsure")])
        material = session.material
    material.pictures[paths[0]].__dict__["sha256"] = "f" * 64
    with Ledger.open(project.settings.ledger_url) as ledger:
        from galaxycurate.pipeline.review.session import Session

        assert Session(material, ledger, Wanted(reviewer="anna")).about()["first"] == 0


def replaced(project, path):
    """Another picture came in the place of one."""
    with Ledger.open(project.settings.ledger_url) as ledger:
        (one,) = (one for one in ledger.outcomes() if one.path == path)
        ledger.add_outcomes(ledger.start("download", {}), [replace(one, sha256="f" * 64)])


@pytest.mark.parametrize("blind", [False, True])
def test_a_decision_on_a_picture_that_was_replaced_meanwhile_is_refused(project, blind):
    with opened(project, blind=blind) as session:
        shown = session.items(0, 1)[0]["sides"][0]["sha256"]
        assert len(shown) == 64
        with pytest.raises(UsageError, match="no longer the one that was shown"):
            session.decide([said(session, 0, "reject", sha256="e" * 64)])
        session.decide([said(session, 0, "reject", sha256=shown)])
        replaced(project, session.entries[0].path)
        with pytest.raises(UsageError, match="no longer the one that was shown"):
            session.decide([said(session, 0, "reject", sha256=shown)])
        with pytest.raises(UsageError, match="no longer the one that was shown"):
            session.decide([said(session, 0, "reject")])
    assert len(lines(project)) == 1


def test_of_a_pair_both_pictures_are_kept_and_both_must_be_those_of_today(project, paths):
    judged(project, "dedupe", pair(paths[1], paths[0]))
    with opened(project, queue="pairs") as session:
        first, second = (side["sha256"] for side in session.items(0, 1)[0]["sides"])
        sent = {"keep": "both", "sha256": first, "partner_sha256": second}
        session.decide([said(session, 0, "pair", **sent)])
        with pytest.raises(UsageError, match="no longer the one that was shown"):
            session.decide([said(session, 0, "pair", **sent | {"partner_sha256": first[::-1]})])
        replaced(project, paths[1])
        with pytest.raises(UsageError, match="no longer the one that was shown"):
            session.decide([said(session, 0, "pair", **sent)])
    (line,) = lines(project)
    assert (line.sha256, line.partner_sha256) == (first, second)
    with opened(project, queue="pairs") as session:
        assert session.items(0, 1)[0]["mine"] is None


def test_a_class_that_was_given_yesterday_is_known_today(project):
    with opened(project, classes=("ring",)) as session:
        session.decide([said(session, 0, "label", label="ring")])
    with opened(project, reviewer="ben") as session:
        assert session.about()["classes"] == ["spiral", "elliptical", "ring"]
        session.decide([said(session, 1, "label", label="ring")])
    assert len(lines(project)) == 2


# ---- two people


@pytest.mark.slow
def test_two_people_review_one_ledger_without_a_word_lost(tmp_path, db):
    project = Project(tmp_path)
    object.__setattr__(project.settings, "db", db)
    made = project.manifest("spiral", 6, size_px=[48] * 6)
    project.fetch(made, side=48)
    from galaxycurate.core.outcome import Outcome, Status

    with Ledger.open(db, project.settings.ledger_dataset) as ledger:
        outcomes = [
            Outcome(f"images/spiral/{row['name']}.jpg", row["name"], "spiral", "x", Status.OK,
                    sha256="a" * 64, provider="skyserver dr17")
            for row in made.rows()
        ]  # fmt: skip
        ledger.add_outcomes(ledger.start("download", {}), outcomes)
    with opened(project) as anna, opened(project, reviewer="ben") as ben:
        for k in range(4):
            anna.decide([said(anna, k, "label", label="spiral")])
            ben.decide([said(ben, k, "label" if k else "unsure", label="spiral")])
        assert (anna.about()["decided"], ben.about()["decided"]) == (4, 4)
        assert anna.items(1, 1)[0]["others"] == [["ben", "spiral"]]
        assert ben.items(5, 1)[0]["others"] == []
    with Ledger.open(db, project.settings.ledger_dataset) as ledger:
        (both,) = agreements(ledger.decisions())
    assert (both.first, both.second, both.n, both.agreed) == ("anna", "ben", 4, 3)


def test_others_are_told_with_their_reasons(project):
    with opened(project, reviewer="ben") as ben:
        ben.decide([said(ben, 0, "reject", reason="bright star")])
    with opened(project) as anna:
        told = anna.decide([said(anna, 0, "unsure")])["items"][0]
    assert told["others"] == [["ben", "reject: bright star"]]


def test_what_others_decided_stays_in_sight_unless_it_is_skipped(project):
    with opened(project) as anna:
        anna.decide([said(anna, k, "unsure") for k in range(9)])
    with opened(project, reviewer="ben") as ben:
        assert len(ben.entries) == 10
    with opened(project, reviewer="ben", skip_decided=True) as ben, opened(project) as anna:
        assert len(ben.entries) == 1
        anna.decide([said(anna, 9, "unsure")])
    with (
        opened(project, reviewer="ben", skip_decided=True) as ben,
        pytest.raises(InputError, match="all of it is decided on by somebody else"),
    ):
        ben.check_waits()


def test_a_page_that_skips_is_told_what_others_decide_meanwhile(project):
    with opened(project) as anna, opened(project, reviewer="ben", skip_decided=True) as ben:
        anna.decide([said(anna, 4, "unsure")])
        place = [entry.path for entry in ben.entries].index(anna.entries[4].path)
        assert ben.decide([said(ben, 0, "unsure")])["taken"] == [place]


def test_what_one_decides_oneself_in_another_window_is_not_taken_away(project):
    with opened(project, reviewer="ben", skip_decided=True) as one:
        with opened(project, reviewer="ben", skip_decided=True) as other:
            other.decide([said(other, 4, "unsure")])
        assert one.decide([said(one, 0, "unsure")])["taken"] == []


def test_two_who_skip_what_the_other_decided_meet_rarely(project):
    with opened(project, skip_decided=True, limit=3) as few, opened(project, limit=3) as first:
        assert {e.path for e in few.entries} == {e.path for e in first.entries}
    with (
        opened(project, skip_decided=True) as anna,
        opened(project, reviewer="ben", skip_decided=True) as ben,
    ):
        assert {e.path for e in anna.entries} == {e.path for e in ben.entries}
        taken = {anna: set(), ben: set()}
        for k in range(10):
            for one in (anna, ben):
                if k not in taken[one]:
                    taken[one].update(one.decide([said(one, k, "unsure")])["taken"])
    met = Counter(line.path for line in lines(project))
    assert len(met) == 10
    assert sum(met.values()) <= 14  # 20 in one order for both


# ---- blind


def test_blind_hides_label_votes_score_and_verdict_until_the_decision(project, paths):
    file = project.root / "predictions.csv"
    rows = [f"test/{path.split('/')[1]}/{path.split('/')[-1]},elliptical,1,0" for path in paths]
    file.write_text("\n".join(["name,class,p_elliptical,p_spiral", *rows]))
    judged(project, "audit", *(Verdict(p, VerdictKind.STAR_OVER, evidence="a star") for p in paths))
    with opened(project, blind=True, predictions=file) as session:
        told = json.dumps(session.items(0, 10))
        for word in ("spiral", "elliptical", "images", "a star", "votes", "skyserver", "12376"):
            assert word not in told, word
        hidden = session.items(0, 1)[0]
        assert hidden["sides"][0] == {
            **hidden["sides"][0], "label": "", "path": "", "objid": "", "facts": [], "score": [],
            "verdicts": [], "marks": [], "ra": None, "dec": None,
        }  # fmt: skip
        assert hidden["is_hidden"]
        with pytest.raises(UsageError, match="objects are hidden until you decide"):
            session.asked_about(hidden["key"], 0)
        line = said(session, 0, "label", label="spiral")
        shown = session.decide([line])["items"][0]
        assert shown["sides"][0]["label"] in ("spiral", "elliptical")
        assert shown["sides"][0]["score"]
        assert shown["sides"][0]["ra"] is not None
        assert session.asked_about(hidden["key"], 0) == shown["sides"][0]["path"]
        # once seen it stays seen: the next decision on it is not blind
        session.decide([said(session, 0, "undo", undoes=line["uid"])])
        assert not session.items(0, 1)[0]["is_hidden"]
        session.decide([said(session, 0, "unsure")])
    assert [line.blind for line in lines(project) if line.kind != "undo"] == [1, 0]


def message(entry, kind, **what):
    """What a page sends about an entry, wherever it was looked at from."""
    return {"uid": uuid.uuid4().hex, "key": Looks.key(entry), "kind": kind, **what}


def test_a_picture_whose_label_a_pair_has_shown_is_no_blind_work(project, paths):
    judged(project, "dedupe", pair(*paths[:2], VerdictKind.OVERLAP))
    pairs, first, last = Entry(*paths[:2]), Entry(paths[0]), Entry(paths[2])
    with opened(project, blind=True) as session:
        session.decide([message(pairs, "pair", keep="both")])
        assert not session.shown(Looks.key(first))["is_hidden"]
        assert session.shown(Looks.key(last))["is_hidden"]
        session.decide([message(one, "label", label="spiral") for one in (first, last)])
    assert [line.blind for line in lines(project)] == [1, 0, 1]


def test_a_pair_of_which_one_label_was_seen_hides_the_other_and_is_no_blind_work(project, paths):
    judged(project, "dedupe", pair(*paths[:2], VerdictKind.OVERLAP))
    pairs, one, other = Entry(*paths[:2]), Entry(paths[0]), Entry(paths[1])
    with opened(project, blind=True) as session:
        session.decide([message(one, "label", label="spiral")])
        assert session.shown(Looks.key(pairs))["is_hidden"]
        assert session.shown(Looks.key(other))["is_hidden"]
        session.decide([message(pairs, "pair", keep="both")])
        assert not session.shown(Looks.key(pairs))["is_hidden"]
    assert [line.blind for line in lines(project)] == [1, 0]


@pytest.mark.parametrize(
    ("word", "told"), [("unsure", [(1, 0), (0, 0)]), ("reject", [(1, 0), (1, 1)])]
)
def test_a_second_look_is_blind_and_one_that_is_the_first_word_only_where_no_label_was_shown(
    project, word, told
):
    with opened(project, blind=True, second_look=1.0) as session:
        path = session.entries[0].path
        again = next(one for one in session.entries if one.again and one.path == path)
        session.decide([message(session.entries[0], word)])
        assert session.shown(Looks.key(again))["is_hidden"]
        session.decide([message(again, "label", label="spiral")])
    assert [(line.blind, line.again) for line in lines(project)] == told


def test_twins_are_hidden_as_the_label_is(project, paths):
    judged(project, "dedupe", pair(*paths[:2], VerdictKind.OVERLAP))
    one = Entry(paths[0])
    with opened(project, blind=True) as session:
        assert session.shown(Looks.key(one))["twins"] == []
        (after,) = session.decide([message(one, "unsure")])["items"]
    assert after["twins"] == [Looks.key(Entry(*paths[:2]))]


def scales(project, **wanted):
    """Scale and direction of all that is shown, as the server tells them."""
    with opened(project, **wanted) as session:
        sides = [side for item in session.items(0, 99) for side in item["sides"]]
    return {(side["pixscale"], side["north_up"]) for side in sides}


@pytest.mark.parametrize("about", [{"pixscale": [0.2]}, {"provider": "import"}])
def test_blind_tells_a_scale_only_where_all_pictures_have_the_same(project, about):
    assert scales(project, blind=True) == {(0.396127, True)}
    project.provider = about.pop("provider", project.provider)
    project.fetch(project.manifest("star", 1, size_px=[48], **about), side=48)
    assert len(scales(project)) == 2
    assert scales(project, blind=True) == {(None, False)}
    assert scales(project, blind=True, filter="label=spiral") == {(0.396127, True)}


def test_what_is_hidden_of_the_scale_is_told_after_the_decision(project):
    project.fetch(project.manifest("star", 1, size_px=[48], pixscale=[0.2]), side=48)
    with opened(project, blind=True) as session:
        (told,) = session.decide([said(session, 0, "unsure")])["items"]
        assert told["sides"][0]["pixscale"] in (0.2, 0.396127)
        assert told["sides"][0]["north_up"]


def test_blind_pictures_do_not_come_label_by_label(project):
    with opened(project, blind=True) as session:
        labels = [entry.path.split("/")[1] for entry in session.entries]
    assert labels not in (sorted(labels), sorted(labels)[::-1])


# ---- second looks


def test_a_second_look_is_told_from_the_first_and_measures_agreement(project):
    with opened(project, second_look=1.0) as session:
        assert len(session.entries) == 20
        assert [entry.again for entry in session.entries] == [False] * 10 + [True] * 10
        for k in range(20):
            item = session.items(k, 1)[0]
            assert item["mine"] is None
            assert not item["again"]
            session.decide([said(session, k, "label", label="spiral" if k != 15 else "elliptical")])
        assert session.items(12, 1)[0]["again"]
        assert (session.agreement.n, session.agreement.agreed) == (10, 9)
    found = agreements(lines(project))
    assert [(one.second, one.n, one.agreed) for one in found] == [("anna, again", 10, 9)]


def test_second_looks_are_no_pictures_that_wait(project):
    wanted = Wanted(queue="random", reviewer="anna", second_look=1.0)
    with opened(project, queue="random", second_look=1.0) as session:
        about = session.about()
        assert (about["pictures"], about["left"], about["total"]) == (10, 10, 20)
        session.decide([said(session, 0, "unsure")])
        again = [e.path for e in session.entries[10:]].index(session.entries[0].path)
        session.decide([said(session, 10 + again, "unsure")])
        assert session.about()["left"] == 9
    (counted,) = waiting(project.settings, wanted)
    assert (counted.total, counted.left) == (10, 9)


def test_a_second_look_at_what_was_passed_over_is_the_first(project):
    with opened(project, second_look=1.0) as session:
        shown = session.decide([said(session, 12, "unsure")])["items"][0]
        assert shown["mine"]["kind"] == "unsure"
    assert [line.again for line in lines(project)] == [0]


def test_a_second_look_at_what_nobody_could_tell_is_the_first_word(project, paths):
    with opened(project, second_look=1.0) as session:
        path = session.entries[0].path
        place = next(k for k, e in enumerate(session.entries) if e.again and e.path == path)
        session.decide([said(session, 0, "unsure")])
        session.decide([said(session, place, "label", label="spiral")])
        assert session.agreement is None
    assert [line.again for line in lines(project)] == [0, 0]
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert read(ledger).settled[path].label == "spiral"


def test_who_changes_their_mind_on_a_late_first_look_has_still_looked_once(project):
    with opened(project, second_look=1.0) as session:
        for word in ("spiral", "elliptical"):
            shown = session.decide([said(session, 12, "label", label=word)])["items"][0]
            assert shown["mine"]["label"] == word
    assert [line.again for line in lines(project)] == [0, 0]


# ---- what is shown


def test_a_picture_tells_its_place_scale_object_and_votes(project, paths):
    with opened(project) as session:
        side = session.items(paths.index(next(p for p in paths if "spiral" in p)), 1)[0]["sides"][0]
    assert side["north_up"]
    assert math.isclose(side["pixscale"], 0.396127)
    assert side["objid"] == side["path"].split("/")[-1].removesuffix(".jpg")
    assert side["link"].endswith(f"/dr17/VisualTools/explore/summary?objId={side['objid']}")
    assert ["redshift", "0.0500"] in side["facts"]
    assert side["score"][0] == ["votes for its label", "0.86 of the votes"]


def test_imported_pictures_have_no_known_orientation(project, paths):
    project.provider = "import"
    project.fetch(project.manifest("merger", 1, size_px=[48]), side=48)
    with opened(project, filter="label=merger") as session:
        assert not session.items(0, 1)[0]["sides"][0]["north_up"]


def test_the_sky_of_a_pair_is_outlined_on_both_whichever_way_it_was_found(project, paths):
    a, b = paths[:2]
    for verdict in (
        pair(a, b, dx=5.0, dy=-3.0, flip=1),
        pair(b, a, **vars(Placing(5.0, -3.0, 1, 1.0).inverse((48, 48), (48, 48)))),
    ):
        judged(project, "dedupe", verdict)
        with opened(project, queue="pairs") as session:
            common = session.items(0, 1)[0]["common"]
        assert common["sizes"] == [[48, 48], [48, 48]]
        assert common["outlines"][0] == [[5, 0], [48, 0], [48, 45], [5, 45]]
        # the second picture's corner (0, 0) turned by a quarter is the first's lower left
        assert common["matrix"] == [0, -1, 1, 0, 5, 45]


def test_the_twin_of_a_picture_is_found_from_the_picture(project, paths):
    judged(project, "dedupe", pair(paths[0], paths[1], VerdictKind.OVERLAP))
    with opened(project) as session:
        (key,) = session.items(0, 1)[0]["twins"]
        told = session.shown(key)
        assert [side["path"] for side in told["sides"]] == paths[:2]
        assert told["place"] is None
        line = {"uid": "a" * 32, "key": key, "kind": "pair", "keep": "both"}
        assert session.decide([line])["items"][0]["mine"]["keep"] == "both"
    (kept,) = lines(project)
    assert (kept.path, kept.partner, kept.keep) == (*paths[:2], "both")
    with opened(project) as session:  # and its decision can be taken back tomorrow
        assert session.about()["history"] == [["a" * 32, key, "unreviewed"]]
        undo = {"uid": "b" * 32, "key": key, "kind": "undo", "undoes": "a" * 32}
        assert session.decide([undo])["items"][0]["mine"] is None


def test_a_share_is_written_as_percent_or_fraction():
    assert share("5%") == share("0.05") == 0.05
    with pytest.raises(UsageError, match="no share"):
        share("many")
    with pytest.raises(UsageError, match="500%"):
        Wanted(second_look=5.0)
