from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.pipeline.status import status
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def look(project: Project):
    return status(project.settings, training=project.training)


def commands(project: Project) -> list[str]:
    return [step.command for step in look(project).next]


def test_an_empty_folder_says_how_to_begin_and_stays_empty(project):
    found = look(project)
    assert found.empty
    assert [step.command.split()[1] for step in found.next] == ["negatives", "positives", "import"]
    assert list(project.root.iterdir()) == []


def test_rows_never_asked_for_lead_to_download(project):
    project.manifest("spiral", 5)
    found = look(project)
    assert (found.rows, found.undone) == (5, 5)
    assert found.manifests[0].labels == {"spiral": 5}
    assert commands(project) == ["galaxycurate download"]
    assert not (project.root / "dataset").exists()


def test_outcomes_are_counted_by_status_and_reason(project):
    project.fetch(project.manifest("spiral", 8), rejected=2, failed=1)
    found = look(project)
    assert found.outcomes == {
        "ok": {"": 5}, "rejected": {"partly covered": 2}, "failed": {"the server is busy": 1},
    }  # fmt: skip
    assert found.images == {"spiral": 5}
    assert commands(project) == ["galaxycurate download --retry-failed", "galaxycurate dedupe"]


def test_a_cutout_listed_by_two_manifests_counts_once(project):
    project.manifest("spiral", 5)
    project.manifest("spiral", 5, name="again")
    assert look(project).rows == 5


def test_each_step_leads_to_the_next(project):
    manifest = project.manifest("spiral", 20)
    project.fetch(manifest)
    assert commands(project) == ["galaxycurate dedupe"]
    dedupe(project.settings)
    assert commands(project) == ["galaxycurate audit"]
    split(project.settings)
    found = look(project)
    assert found.groups == 20
    assert sum(n for labels in found.splits.values() for n in labels.values()) == 20
    assert commands(project) == [f"python -m train --data {project.settings.dataset}/split"]
    project.training.mkdir()
    metrics = project.training / "metrics.json"
    metrics.write_text('{"test": {"accuracy": 0.9, "n": 2}}')
    assert commands(project) == ["galaxycurate report"]
    os.utime(metrics, (1, 1))
    assert commands(project)[0].startswith("python -m train")


def test_images_that_came_after_dedupe_lead_back_to_it(project):
    project.fetch(project.manifest("spiral", 4))
    dedupe(project.settings)
    project.fetch(project.manifest("elliptical", 3))
    step = look(project).next[0]
    assert step.command == "galaxycurate dedupe"
    assert step.why == "3 images came since the last time"


def test_a_split_of_images_that_are_wanted_no_more_is_not_trained_on(project):
    project.fetch(project.manifest("spiral", 12))
    project.fetch(project.manifest("ring", 12))
    dedupe(project.settings)
    split(project.settings)
    (project.root / "manifests" / "ring.parquet").unlink()
    step = look(project).next[0]
    assert step.command == "galaxycurate dedupe"
    assert step.why == "12 images of the split are wanted no more"


def test_doubtful_pictures_are_for_a_person_until_one_has_looked(project):
    project.fetch(project.manifest("spiral", 4))
    dedupe(project.settings)
    with Ledger.open(project.settings.ledger_url) as ledger:
        kinds = (VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE, VerdictKind.CLEAN)
        paths = [(o.path, o.sha256) for o in ledger.outcomes()]
        ledger.record("audit", {}, verdicts=[
            Verdict(path, kinds[min(k, 2)], keep=k > 0, sha256=sha256)
            for k, (path, sha256) in enumerate(paths)
        ])  # fmt: skip
    step = look(project).next[-1]
    assert step.command == "galaxycurate review --queue contaminated"
    assert step.why == "for a person: 1 contaminated, 1 borderline"
    with Ledger.open(project.settings.ledger_url) as ledger:
        said = [Decision(f"{k:032x}", paths[k][0], DecisionKind.UNSURE) for k in (0, 1)]
        ledger.decide(ledger.start("review", {}), said)
    assert commands(project) == ["galaxycurate split"]


def test_galaxies_without_a_position_are_not_sent_to_download(project):
    project.manifest("spiral", 3, ra=[None] * 3, dec=[None] * 3)
    assert commands(project)[0] == "galaxycurate import DIR --labels CSV"
    project.manifest("elliptical", 2)
    assert commands(project) == ["galaxycurate download"]


def test_a_second_dedupe_asks_for_a_second_split(project):
    project.fetch(project.manifest("spiral", 12))
    for verb in (dedupe, split, dedupe):
        verb(project.settings)
    assert commands(project) == ["galaxycurate split"]


def test_duplicates_stand_in_no_split(project):
    manifest = project.manifest("spiral", 12, objID=[7, 7, *range(100, 110)])
    project.fetch(manifest)
    dedupe(project.settings)
    split(project.settings)
    found = look(project)
    assert found.duplicates == 1
    assert sum(n for labels in found.splits.values() for n in labels.values()) == 11


def test_a_broken_manifest_is_named_and_the_others_still_count(project):
    project.manifest("spiral", 3)
    broken = project.root / "manifests" / "broken.csv"
    broken.write_text("name,label\n1,spiral\n")
    found = look(project)
    assert list(found.unread) == [str(broken)]
    assert found.rows == 3


@pytest.mark.parametrize("where", ["archive", "provider"])
def test_a_simulated_origin_is_told(project, where):
    setattr(project, where, "http://127.0.0.1:1 (galaxycurate-sandbox (simulated sky: mini))")
    project.fetch(project.manifest("spiral", 2))
    assert look(project).simulated


def test_the_real_sky_is_not_called_simulated(project):
    project.fetch(project.manifest("spiral", 2))
    assert not look(project).simulated


def test_status_is_plain_json(project):
    project.fetch(project.manifest("spiral", 2))
    project.training.mkdir()
    (project.training / "metrics.json").write_text('{"test": {"accuracy": 0.5}}')
    again = json.loads(json.dumps(look(project).as_dict()))
    assert again["manifests"][0]["rows"] == 2
    assert again["next"][0]["command"] == "galaxycurate dedupe"


def test_of_folds_the_first_is_trained_on(project):
    project.fetch(project.manifest("spiral", 40))
    dedupe(project.settings)
    split(project.settings, manner=Manner(folds=3))
    assert commands(project) == [f"python -m train --data {project.settings.dataset}/split/fold-1"]


def test_an_audit_that_came_after_the_split_asks_for_another_until_people_say_otherwise(project):
    project.fetch(project.manifest("spiral", 12))
    for verb in (dedupe, split):
        verb(project.settings)
    with Ledger.open(project.settings.ledger_url) as ledger:
        first, *others = ledger.outcomes()
        dirty = Verdict(first.path, VerdictKind.CONTAMINATED, keep=False, sha256=first.sha256)
        clean = [Verdict(o.path, VerdictKind.CLEAN, sha256=o.sha256) for o in others]
        ledger.record("audit", {}, verdicts=[dirty, *clean])
    found = look(project)
    assert found.audit_left_out == 1
    step = found.next[0]
    assert step.command == "galaxycurate split"
    assert step.why == "1 image is judged otherwise since the last split"
    with Ledger.open(project.settings.ledger_url) as ledger:
        said = Decision("1" * 32, first.path, DecisionKind.LABEL, label="spiral", reviewer="ann",
                        sha256=first.sha256)  # fmt: skip
        ledger.decide(ledger.start("review", {}), [said])
    assert look(project).audit_left_out == 0
    split(project.settings)
    assert commands(project)[0].startswith("python -m train")


def test_a_picture_that_was_replaced_leads_back_to_dedupe_as_split_does(project):
    project.fetch(project.manifest("spiral", 12))
    for verb in (dedupe, split):
        verb(project.settings)
    with Ledger.open(project.settings.ledger_url) as ledger:
        one = next(iter(ledger.outcomes()))
        ledger.add_outcomes(ledger.start("download", {}), [one])
    assert commands(project)[0] == "galaxycurate dedupe"


def test_imported_pictures_that_are_gone_are_imported_again_not_downloaded(project):
    project.fetch(project.manifest("spiral", 3))
    with Ledger.open(project.settings.ledger_url) as ledger:
        run = ledger.start("import", {})
        ledger.add_outcomes(run, [replace(o, provider="import") for o in ledger.outcomes()])
        gone = [project.root / "dataset" / o.path for o in ledger.outcomes()]
    gone[0].unlink()
    step = look(project).next[0]
    assert step.command == "galaxycurate import DIR --labels CSV"
    assert step.why == "1 image is missing or changed: repeat the import"


def test_a_split_whose_trees_were_removed_is_made_anew(project):
    project.fetch(project.manifest("spiral", 12))
    for verb in (dedupe, split):
        verb(project.settings)
    shutil.rmtree(project.root / "dataset" / "split")
    assert commands(project)[0] == "galaxycurate split"
