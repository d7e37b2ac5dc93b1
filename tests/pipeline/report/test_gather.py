from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.geometry import overlap_fraction
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.report.answered import answered
from galaxycurate.pipeline.report.gather import gather
from galaxycurate.pipeline.report.training import Training
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.shards.tree import ShardTree
from galaxycurate.web import numbers
from tests.pipeline.project import Project

STEP_DEG = 60 / 3600  # 60 arcsec: two 101 arcsec cutouts share sky


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def curated(project) -> Project:
    """Two classes, two of the spirals on the same sky, one rejected, one failed, a split."""
    ra = [150.0, 150.0 + STEP_DEG, *(160.0 + np.arange(22))]
    project.fetch(project.manifest("spiral", 24, ra=ra, dec=[0.0] * 24))
    project.fetch(project.manifest("elliptical", 22), rejected=1, failed=1)
    dedupe(project.settings)
    split(project.settings)
    return project


def facts_of(project: Project):
    return gather(project.settings, training=project.training, shortcuts=False)


def test_no_manifests_is_an_input_error(project):
    with pytest.raises(InputError, match="no manifests") as caught:
        facts_of(project)
    assert "galaxycurate negatives" in caught.value.hint


def test_an_empty_dataset_is_an_input_error_with_a_hint(project):
    project.manifest("spiral", 3)
    with pytest.raises(InputError, match="is empty") as caught:
        facts_of(project)
    assert caught.value.hint.startswith("galaxycurate download")


def test_the_funnel_narrows_and_the_classes_add_up_to_it(curated):
    facts = facts_of(curated)
    assert list(facts.funnel.values()) == [46, 44, 44, 44]
    for stage, n in facts.funnel.items():
        assert sum(label[stage] for label in facts.classes.values()) == n
    assert sum(n for labels in facts.splits.values() for n in labels.values()) == 44


def test_before_dedupe_and_split_the_funnel_ends_earlier(project):
    project.fetch(project.manifest("spiral", 3), skip=1)
    facts = facts_of(project)
    assert facts.funnel == {"rows in the manifests": 3, "pictures kept": 2}
    assert facts.undone == 1
    assert facts.proof is None


def test_the_split_holds_and_the_proof_says_what_it_measured(curated):
    proof = facts_of(curated).proof
    assert proof.holds
    assert (proof.images, proof.groups, proof.measured) == (44, 43, 44)
    assert (proof.pairs, proof.pairs_across, proof.torn) == (1, 0, 0)
    assert proof.closest_arcsec > proof.width_arcsec == pytest.approx(256 * 0.396127)


def test_a_torn_pair_is_found_by_the_sky_even_when_the_groups_deny_it(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        places = ledger.places("split")
        spirals = sorted(path for path in places if "/spiral/" in path)
        lies = {path: (k, split) for k, (path, (_g, split)) in enumerate(places.items())}
        lies[spirals[0]] = (1000, "train")
        lies[spirals[1]] = (1001, "test")
        ledger.add_places(ledger.start("split", {}), ((p, *place) for p, place in lies.items()))
    proof = facts_of(curated).proof
    assert not proof.holds
    assert (proof.torn, proof.pairs_across, proof.overlapping_across) == (0, 1, 1)
    assert proof.closest_arcsec == pytest.approx(60, abs=1e-3)


def test_a_group_in_two_splits_is_torn(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        places = ledger.places("split")
        ledger.add_places(
            ledger.start("split", {}), ((path, 1, split) for path, (_g, split) in places.items())
        )
    assert facts_of(curated).proof.torn == 1


def test_without_positions_the_sky_counts_as_not_measured(project):
    manifest = project.manifest("spiral", 20, ra=[None] * 20, dec=[None] * 20)
    project.fetch(manifest)
    dedupe(project.settings)
    split(project.settings)
    facts = facts_of(project)
    assert facts.proof.measured == 0
    assert facts.proof.closest_arcsec is None
    assert len(facts.sky) == 0


def test_pairs_carry_their_shared_fraction(curated):
    (pair,) = facts_of(curated).pairs.pairs
    width = 256 * 0.396127
    expected = overlap_fraction([150.0], [0.0], width, [150.0 + STEP_DEG], [0.0], width)[0]
    assert pair.kind == "overlap"
    assert pair.left_out == (False, False)
    assert pair.caption.startswith(f"{expected:.0%} of the sky, by position")


def test_a_duplicate_is_shown_as_left_out(project):
    project.fetch(project.manifest("spiral", 12, objID=[7, 7, *range(100, 110)]))
    dedupe(project.settings)
    facts = facts_of(project)
    assert facts.funnel["fit for splits"] == 11
    assert facts.lost["fit for splits"] == {"same object": 1}
    (pair,) = facts.pairs.pairs
    assert (pair.kind, sorted(pair.left_out)) == ("same object", [False, True])


def test_the_same_seed_draws_the_same_sheet(project):
    project.fetch(project.manifest("spiral", 60))
    first, second = (facts_of(project).sheets[0] for _ in range(2))
    assert first == second
    assert (first.total, len(first.cutouts)) == (60, 36)
    assert len({cutout.path for cutout in first.cutouts}) == 36


def test_a_cutout_knows_its_row(curated):
    cutout = facts_of(curated).sheets[0].cutouts[0]
    assert cutout.label == "elliptical"
    assert cutout.objid == cutout.name
    assert cutout.picture == (Path(curated.settings.dataset) / cutout.path).read_bytes()
    assert cutout.split in ("train", "val", "test")
    assert 0.85 < cutout.vote_fraction < 1


def test_pictures_in_shards_are_shown(project):
    project.fetch(project.manifest("spiral", 5))
    tree, dataset = ShardTree(Path(project.settings.dataset)), Path(project.settings.dataset)
    files = sorted(dataset.rglob("*.jpg"))
    bodies = {str(file.relative_to(dataset)): file.read_bytes() for file in files}
    for path, body in bodies.items():
        tree.write(path, body)
    tree.finish()
    assert not list(dataset.rglob("*.jpg"))
    (sheet,) = facts_of(project).sheets
    assert {cutout.path: cutout.picture for cutout in sheet.cutouts} == bodies


def test_what_was_not_kept_is_shown_by_reason(curated):
    titles = {sheet.title: sheet.total for sheet in facts_of(curated).rejected}
    assert titles == {"rejected: partly covered": 1, "failed: the server is busy": 1}


def test_histograms_put_the_cut_on_an_edge_and_lose_no_cutout(curated):
    (votes,) = facts_of(curated).histograms
    assert votes.cuts == (0.85,)
    assert any(edge == pytest.approx(0.85) for edge in votes.edges)
    assert {label: sum(n) for label, n in votes.counts.items()} == {"elliptical": 22, "spiral": 24}


def test_a_negative_without_any_galaxy_near_is_counted_beyond(project):
    project.fetch(project.manifest("negative", 4, clear_arcsec=[6.0, 12.0, 30.0, 9999.0]))
    free = next(h for h in facts_of(project).histograms if h.title == "Free sky")
    assert (sum(free.counts["negative"]), free.beyond) == (3, 1)


def test_imported_images_with_dr7_ids_are_credited_to_dr7(project):
    manifest = project.manifest("spiral", 2, objID=[0, 0], dr7objid=[587722981742215240] * 2)
    object.__setattr__(manifest.header, "release", "")
    project.fetch(manifest.write(manifest.path))
    assert facts_of(project).releases == ("dr7",)


def test_facts_are_plain_json_with_ids_as_text(curated):
    curated.training.mkdir()
    (curated.training / "metrics.json").write_text(
        json.dumps({"test": {"accuracy": 0.91, "accuracy_interval": [0.8, 0.97], "n": 40}})
    )
    plain = json.loads(json.dumps(facts_of(curated).as_dict()))
    assert plain["proof"]["holds"] is True
    assert plain["positions"] == 46
    assert plain["training"]["interval"] == [0.8, 0.97]
    assert plain["rejected"]["rejected: partly covered"] == 1


@pytest.mark.parametrize("text", ["", "no JSON", "[1]"])
def test_unreadable_metrics_are_no_training(curated, text):
    curated.training.mkdir()
    (curated.training / "metrics.json").write_text(text)
    assert facts_of(curated).training is None


def test_what_is_lost_is_told_by_stage_and_reason(curated):
    facts = facts_of(curated)
    assert facts.lost == {
        "pictures kept": {"rejected: partly covered": 1, "failed: the server is busy": 1}
    }
    stages = list(facts.funnel)
    for stage, reasons in facts.lost.items():
        before = facts.funnel[stages[stages.index(stage) - 1]]
        assert sum(reasons.values()) == before - facts.funnel[stage]


def test_figures_are_traced_to_runs(curated):
    runs = facts_of(curated).runs
    assert list(runs) == ["download", "dedupe", "split"]
    with Ledger.open(curated.settings.ledger_url) as ledger:
        run = ledger.last_run("split")
    day = run["time_utc"][:10]
    assert runs["split"].said == f"galaxycurate split, run {run['id']}, {day}"


def test_sizes_and_scales_are_counted(project):
    project.fetch(project.manifest("spiral", 3))
    unknown = [None, None]
    project.manifest("negative", 2, ra=unknown, dec=unknown, size_px=[64, 64], pixscale=unknown)
    framing = facts_of(project).framing
    assert [(one.size_px, one.pixscale, one.n) for one in framing] == [
        (256, 0.396127, 3), (64, None, 2),
    ]  # fmt: skip


def test_radii_are_drawn_where_they_are_known_and_else_the_cutouts_where_they_differ(project):
    project.fetch(project.manifest("spiral", 4, petroRad_r=[3.0, 4.0, 5.0, None]))
    (size,) = (h for h in facts_of(project).histograms if h.title == "Size")
    assert (size.quantity, sum(size.counts["spiral"])) == ("Petrosian radius in r [arcsec]", 3)
    project.manifest("spiral", 4)
    assert not [h for h in facts_of(project).histograms if h.title == "Size"]
    project.fetch(project.manifest("negative", 2, size_px=[64, 64]))
    (size,) = (h for h in facts_of(project).histograms if h.title == "Size")
    assert size.quantity == "side of the cutout [arcsec]"


def test_a_row_of_two_manifests_counts_once_in_a_histogram(project):
    project.fetch(project.manifest("spiral", 5))
    project.manifest("spiral", 5, name="again")
    (votes,) = facts_of(project).histograms
    assert sum(votes.counts["spiral"]) == 5


def test_without_a_network_the_hardest_are_those_of_the_fewest_votes(project):
    project.fetch(project.manifest("spiral", 60))
    (sheet,) = facts_of(project).hardest
    votes = [cutout.vote_fraction for cutout in sheet.cutouts]
    assert votes == sorted(votes)
    assert votes[0] == pytest.approx(0.86)
    assert "votes" in sheet.order


def test_the_votes_of_another_class_are_not_shown_for_the_one_that_people_gave(project):
    project.fetch(project.manifest("spiral", 60))
    with Ledger.open(project.settings.ledger_url) as ledger:
        first = min(ledger.outcomes(), key=lambda one: one.name)  # of the fewest votes
        said = Decision("1" * 32, first.path, DecisionKind.LABEL, label="merger", reviewer="Ann",
                        sha256=first.sha256)  # fmt: skip
        ledger.decide(ledger.start("review", {}), [said])
    facts = facts_of(project)
    assert first.path not in {one.path for sheet in facts.hardest for one in sheet.cutouts}
    (shown,) = next(sheet for sheet in facts.sheets if sheet.title == "merger").cutouts
    assert (shown.path, shown.vote_fraction) == (first.path, None)


def test_what_people_put_back_is_not_left_out_by_the_audit(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        one, other, *_ = (o for o in ledger.outcomes() if o.sha256)
        ledger.record("audit", {}, verdicts=[
            Verdict(o.path, VerdictKind.CONTAMINATED, keep=False, sha256=o.sha256)
            for o in (one, other)
        ])  # fmt: skip
        said = Decision("1" * 32, one.path, DecisionKind.LABEL, label=one.label, reviewer="Ann",
                        sha256=one.sha256)  # fmt: skip
        ledger.decide(ledger.start("review", {}), [said])
    facts = facts_of(curated)
    assert facts.audit.left_out == 1
    assert facts.people.counts["put_back"] == 1
    lines = {line.about: line for line in facts.summary}
    assert (lines["Leaks"].level, lines["Leaks"].do) == ("look", "galaxycurate split")
    assert "still holds one image" in lines["Contents"].text


def test_the_hardest_of_a_network_are_those_it_thought_least_likely(curated):
    curated.training.mkdir()
    (curated.training / "metrics.json").write_text('{"test": {"n": 3}}')
    names = sorted(path.split("/")[2] for path in _split_of(curated) if "/spiral/" in path)[:3]
    said = [("spiral", 0.9), ("elliptical", 0.2), ("spiral", 0.6)]
    lines = [
        f"test/spiral/{name},spiral,{word},{1 - p},{p}"
        for name, (word, p) in zip(names, said, strict=True)
    ]
    text = "\n".join(["name,true,class,p_elliptical,p_spiral", *lines])
    (curated.training / "predictions.csv").write_text(text)
    (sheet,) = facts_of(curated).hardest
    assert [cutout.note for cutout in sheet.cutouts] == [
        "p = 0.20, said elliptical", "p = 0.60", "p = 0.90",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "name\nx\n", "name,true,class\na,b,c\n", "\0\0"])
def test_damaged_predictions_choose_nothing(curated, text):
    curated.training.mkdir()
    (curated.training / "metrics.json").write_text('{"test": {}}')
    (curated.training / "predictions.csv").write_text(text)
    assert all("network" not in sheet.order for sheet in facts_of(curated).hardest)


def test_a_broken_list_of_decided_images_is_found_before_any_picture_is_read(curated):
    tree = Path(curated.settings.dataset) / "split"
    (tree / "decided.csv").write_text("no list\n1\n")
    curated.training.mkdir()
    (curated.training / "metrics.json").write_text(json.dumps({"data": {"root": str(tree)}}))
    read = []
    with pytest.raises(InputError, match=r"decided\.csv is no list") as caught:
        gather(curated.settings, training=curated.training, progress=lambda *at: read.append(at))
    assert caught.value.hint == "galaxycurate split writes it anew"
    assert read == []


def _tested_on(project: Project, paths: list[str]) -> None:
    project.training.mkdir(exist_ok=True)
    (project.training / "metrics.json").write_text('{"test": {"accuracy": 0.9}}')
    lines = [f"test/{path.removeprefix('images/')},spiral,spiral,0.1,0.9" for path in paths]
    text = "\n".join(["name,true,class,p_elliptical,p_spiral", *lines])
    (project.training / "predictions.csv").write_text(text)


def test_a_training_on_the_test_images_of_this_split_is_told_from_one_of_another(curated):
    parts: dict[str, list[str]] = {}
    for path, (_group, part) in _split_of(curated).items():
        parts.setdefault(part, []).append(path)
    _tested_on(curated, parts["test"])
    assert facts_of(curated).tested.is_of_split
    _tested_on(curated, [*parts["train"][:3], *parts["test"], "images/spiral/none.jpg"])
    tested = facts_of(curated).tested
    assert not tested.is_of_split
    assert tested.parts == {"train": 3, "test": len(parts["test"]), "": 1}


def test_fractions_of_votes_are_no_damaged_answers(tmp_path):
    (tmp_path / "predictions.csv").write_text("GalaxyID,Class1.1,Class1.2\n100008,0.4,0.6\n")
    found = answered(Training(tmp_path, n=1), {})
    assert (found.given, found.flaw) == ((), "")


_HEAD = "name,true,class,p_elliptical,p_spiral\n"
_LINE = "test/spiral/1.jpg,spiral,spiral,0.1,0.9\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_HEAD + _LINE + "test/spiral/2.jpg,spiral", "line 3 has not as many values"),
        (_HEAD + _LINE, "it has 1, and 2 images were tested"),
        (_HEAD + 2 * _LINE, "line 3 has test/spiral/1.jpg once more"),
        (_HEAD + _LINE.replace("0.9", "7.5"), "line 2 has a probability outside 0 to 1"),
        (_HEAD + _LINE.replace("0.9", "nan"), "line 2 has a probability outside 0 to 1"),
        (_HEAD + _LINE.replace("0.9", "x"), "line 2 has a probability that is no number"),
        (_HEAD + _LINE.replace("0.9", "0.5"), "probabilities of line 2 are 0.6 together, not 1"),
        (_HEAD + _LINE.replace(",spiral,s", ",ring,s"), "line 2 has no probability of ring"),
        ("\0\xff\xfe", "its first line does not name the columns"),
        (b"\xff\xfe\x00", "it is no text in UTF-8"),
    ],
)
def test_answers_that_were_cut_or_changed_are_believed_in_no_line(tmp_path, text, why):
    file = tmp_path / "predictions.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = answered(Training(tmp_path, n=2), {})
    assert found.given == ()
    assert found.flaw.startswith(f"{file} is no list of answers: ")
    assert why in found.flaw


def test_a_split_that_is_out_of_date_makes_no_share_above_all(reviewed):
    facts = facts_of(reviewed)
    assert (facts.funnel["fit for splits"], facts.funnel["in the splits"]) == (42, 44)
    assert facts.outdated == 2
    assert "in the splits" not in facts.lost
    row = list(numbers.funnel(facts))[-1]
    assert row["share"] == "100.0 %"
    assert row["lost"] == ["2 of the 44 are left out by now: split anew"]


def test_what_the_guard_band_drops_and_what_came_since_are_told_apart(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        places = ledger.places("split")
        first, second, third = sorted(places)[:3]
        placed = [(p, *place) for p, place in places.items() if p not in {first, second, third}]
        dropped = [Verdict(first, VerdictKind.OVERLAP, partner=third, keep=False)]
        ledger.record("split", {}, verdicts=dropped, places=placed)
    facts = facts_of(curated)
    assert facts.lost["in the splits"] == {
        "guard band between the splits": 1, "not yet split anew": 2,
    }  # fmt: skip


def test_what_the_audit_is_unsure_of_is_so_until_a_person_looked(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        there = [o for o in ledger.outcomes() if o.sha256]
        kinds = (VerdictKind.BORDERLINE, VerdictKind.BORDERLINE, VerdictKind.STAR_OVER)
        found = [Verdict(o.path, kind, tier="light", sha256=o.sha256)
                 for o, kind in zip(there, kinds, strict=False)]  # fmt: skip
        ledger.record("audit", {"archive": ""}, verdicts=found)
        said = Decision("1" * 32, there[0].path, DecisionKind.LABEL, label=there[0].label,
                        reviewer="Ann", sha256=there[0].sha256)  # fmt: skip
        ledger.decide(ledger.start("review", {}), [said])
    audit = facts_of(curated).audit
    assert (audit.unsure, audit.flagged, audit.left_out) == (1, 1, 0)


def _split_of(project: Project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return ledger.places("split")


@pytest.fixture
def reviewed(curated) -> Project:
    """Ann and Bo looked: one picture thrown out, one given another class, one disputed."""
    with Ledger.open(curated.settings.ledger_url) as ledger:
        there = {o.path: o.sha256 for o in ledger.outcomes() if o.sha256}
        first, second, third, fourth = sorted(there)[:4]

        def said(path, who, kind, **more):
            uid = hashlib.md5(f"{path}{who}".encode()).hexdigest()
            return Decision(uid, path, kind, reviewer=who, sha256=there[path], **more)

        label = DecisionKind.LABEL
        lines = [
            said(first, "Ann", DecisionKind.REJECT, reason="satellite"),
            said(second, "Ann", label, label="spiral"), said(second, "Bo", label, label="spiral"),
            said(third, "Ann", label, label="spiral"), said(third, "Bo", label, label="elliptical"),
            said(fourth, "Ann", label, label="elliptical"),
            said(fourth, "Bo", label, label="elliptical"),
        ]  # fmt: skip
        ledger.decide(ledger.start("review", {}), lines)
    return curated


def test_what_people_decided_is_counted_compared_and_shown(reviewed):
    facts = facts_of(reviewed)
    people = facts.people
    assert people.counts == {"relabelled": 1, "put_back": 0, "left_out": 2, "disputed": 1}
    assert people.why == {"rejected: satellite": 1, "reviewers disagree": 1}
    assert [(a.first, a.second, a.n, a.agreed) for a in people.agreed.agreements] == [
        ("Ann", "Bo", 3, 2)
    ]
    assert people.unsplit == 7
    assert {sheet.title: sheet.total for sheet in facts.thrown_out} == people.why
    assert facts.funnel["fit for splits"] == 42
    assert facts.lost["fit for splits"] == people.why
    assert facts.classes["spiral"]["fit for splits"] == 25
    assert facts.classes["spiral"]["in the splits"] == 24


def test_after_a_new_split_classes_are_those_that_people_gave(reviewed):
    split(reviewed.settings)
    facts = facts_of(reviewed)
    assert facts.people.unsplit == 0
    assert facts.classes["spiral"]["in the splits"] == 25
    assert sum(labels["spiral"] for labels in facts.splits.values()) == 25
    assert {s.title: s.total for s in facts.sheets} == {"elliptical": 17, "spiral": 25}


def test_without_decisions_there_are_no_people(curated):
    assert facts_of(curated).people is None


def test_an_audit_is_counted_under_the_worst_and_negatives_are_shown_first(curated):
    with Ledger.open(curated.settings.ledger_url) as ledger:
        paths = sorted(o.path for o in ledger.outcomes() if o.sha256)
        verdicts = [
            Verdict(paths[0], VerdictKind.SECOND_GALAXY, tier="light", dx=3.0, dy=4.0, score=0.9),
            Verdict(paths[0], VerdictKind.STAR_OVER, tier="light"),
            Verdict(paths[1], VerdictKind.CONTAMINATED, keep=False, tier="both", mag_r=18.0),
            Verdict(paths[2], VerdictKind.CONTAMINATED, keep=False, tier="both", mag_r=17.0),
            Verdict(paths[3], VerdictKind.CLEAN, tier="both"),
        ]
        ledger.record("audit", {"archive": "of a test"}, verdicts=verdicts)
    facts = facts_of(curated)
    assert facts.audit.counts == {"elliptical": {"contaminated": 2, "second galaxy": 1, "clean": 1}}
    assert (facts.audit.left_out, facts.audit.catalogue) == (2, "of a test")
    assert facts.audit.told == {"both": 3, "light": 1}
    assert [(s.title, s.total) for s in facts.suspects] == [
        ("elliptical: contaminated", 2), ("elliptical: second galaxy", 1),
    ]  # fmt: skip
    assert [v.mag_r for _c, v in facts.suspects[0].cutouts] == [17.0, 18.0]


def test_json_names_what_is_shown_and_holds_no_pixels(reviewed):
    plain = facts_of(reviewed).as_dict()
    text = json.dumps(plain, allow_nan=False)
    assert len(plain["shown"]["random"]["elliptical"]) == 19
    assert plain["pairs"][0]["kind"] == "overlap"
    assert [line["about"] for line in plain["summary"]] == [
        "Pictures", "Leaks", "Contents", "Shortcuts", "Numbers",
    ]  # fmt: skip
    assert "base64" not in text
    assert len(text) < 60_000


def test_the_catalogue_of_the_votes_is_cited(project):
    manifest = project.manifest("spiral", 2)
    manifest.header.cuts["catalog"] = "galaxy10-decals"
    project.fetch(manifest.write(manifest.path))
    assert any("Walmsley" in paper for _what, paper in facts_of(project).papers)
