from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.core.geometry import overlap_fraction
from galaxycurate.errors import InputError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.report.gather import gather
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.shards.tree import ShardTree
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
    return gather(project.settings, training=project.training)


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
    (pair,) = facts_of(curated).pairs
    width = 256 * 0.396127
    expected = overlap_fraction([150.0], [0.0], width, [150.0 + STEP_DEG], [0.0], width)[0]
    assert pair.kind == "overlap"
    assert pair.kept
    assert pair.shared == pytest.approx(expected, abs=1e-4)


def test_a_duplicate_is_shown_as_left_out(project):
    project.fetch(project.manifest("spiral", 12, objID=[7, 7, *range(100, 110)]))
    dedupe(project.settings)
    facts = facts_of(project)
    assert facts.funnel["after dedupe"] == 11
    assert [(pair.kind, pair.kept) for pair in facts.pairs] == [("same object", False)]


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


def test_pictures_in_shards_are_shown_and_arrays_are_said_not_to_be(project):
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
    with Ledger.open(project.settings.ledger_url) as ledger:
        array = next(iter(ledger.outcomes()))
        array = replace(array, path=array.path.replace(".jpg", ".fits"))
        ledger.add_outcomes(ledger.start("download", {}), [array])
    (sheet,) = facts_of(project).sheets
    assert [c.note for c in sheet.cutouts if not c.picture] == ["fits is not shown"]


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
