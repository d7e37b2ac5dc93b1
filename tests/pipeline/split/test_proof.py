"""What a split proves of itself, and what must not blind it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError, SettingError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.dedupe.kept import read_kept
from galaxycurate.pipeline.split.check import check
from galaxycurate.pipeline.split.proof import _torn
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project

WIDTH = 256 * 0.396127


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def disk(project):
    """The part of each file, by its name."""
    root = Path(project.settings.dataset) / "split"
    return {path.name: path.relative_to(root).parts[0] for path in root.rglob("*.jpg")}


def two_classes(project, n=30):
    for label in ("spiral", "elliptical"):
        project.fetch(project.manifest(label, n))
    dedupe(project.settings, pixels=None)


def test_what_dedupe_takes_for_shared_sky_blinds_neither_the_guard_nor_the_proof(project):
    """Neighbours share 30 %, dedupe groups from 50 % on: no group holds them together."""
    ra = 150 + 0.7 * WIDTH / 3600 * np.arange(60)
    project.fetch(project.manifest("spiral", 60, ra=ra, dec=[0.0] * 60))
    dedupe(project.settings, pixels=None, min_overlap=0.5)
    made = split(project.settings)
    assert made.pairs_checked[VerdictKind.OVERLAP] == 59
    assert made.leaking_pairs.total() == 0
    assert made.n_groups > 30
    assert made.dropped > 0
    told = json.loads(Path(project.settings.dataset, "split", "split.json").read_text())
    assert made.min_overlap == told["min_overlap"] == 0.5
    assert not check(Path(project.settings.dataset), project.settings).leaks


def test_a_crowd_that_is_scattered_by_a_tenth_of_an_arcsec_is_one_picture_too(project):
    rng = np.random.default_rng(1)
    ra, dec = 150 + rng.normal(0, 2e-6, 45), 2 + rng.normal(0, 2e-6, 45)
    project.fetch(project.manifest("spiral", 45, ra=ra, dec=dec))
    project.fetch(project.manifest("elliptical", 60))
    dedupe(project.settings, pixels=None, keep="all")
    for seed in range(4):
        made = split(project.settings, Manner(grouping="object"), seed=seed, dry_run=True)
        assert [some["spiral"] for some in made.counts.values() if "spiral" in some] == [45]


@pytest.mark.parametrize("grouping", ["overlap", "object", "field", "healpix:64"])
def test_a_crowd_at_one_place_is_one_picture_though_its_first_is_left_out(project, grouping):
    """Of forty footprints that are alike, a search lists the first one's pairs only."""
    project.fetch(project.manifest("spiral", 40, ra=[150.0] * 40, dec=[2.0] * 40,
                                   objID=[0] * 40))  # fmt: skip
    project.fetch(project.manifest("elliptical", 60, objID=[0] * 60))
    dedupe(project.settings, pixels=None, keep="all")
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = sorted(ledger.places("dedupe"))
        first = min(path for path in paths if "/spiral/" in path)
        ledger.record(
            "dedupe", {"min_overlap": 0.0}, places=((p, k, "") for k, p in enumerate(paths)),
            verdicts=[Verdict(first, VerdictKind.WRONG_IMAGE, keep=False)],
        )  # fmt: skip
    for guard in ("auto", "none", "tiles"):
        made = split(project.settings, Manner(grouping=grouping, guard=guard), dry_run=True)
        assert [some["spiral"] for some in made.counts.values() if "spiral" in some] == [39]


def test_a_proof_sees_a_picture_that_lies_in_two_parts():
    part, picture = np.array(["train", "test", "", "val", "val"]), np.array([0, 0, 1, 1, 2])
    assert _torn(part, picture) == 1
    assert _torn(part, np.arange(5)) == 0


def test_another_picture_of_the_same_length_is_noticed(project):
    two_classes(project)
    path = next((Path(project.settings.dataset) / "images").rglob("*.jpg"))
    body = path.read_bytes()
    path.write_bytes(body)
    split(project.settings)  # written anew, but the same
    path.write_bytes(body[:-9] + bytes(9))
    with pytest.raises(InputError, match="1 image is no longer as the ledger knows them"):
        split(project.settings)


def test_the_old_trees_stay_until_the_ledger_knows_the_new_ones(project, monkeypatch):
    two_classes(project)
    split(project.settings, seed=1)
    before = disk(project)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            split(project.settings, seed=2)
    assert disk(project) == before
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert {Path(p).name: s for p, (_, s) in ledger.places("split").items()} == before
    split(project.settings, seed=2)
    assert disk(project) != before


def _interrupted(*_args, **_named):
    raise KeyboardInterrupt


def test_a_share_that_folds_would_ignore_is_refused():
    with pytest.raises(SettingError, match=r"share of val \(0.3\) has no meaning"):
        Manner(folds=5, fractions=(0.7, 0.3, 0))
    assert Manner(folds=5).parts == pytest.approx({f"fold-{k}": 0.2 for k in range(1, 6)})


def test_the_ledger_tells_the_height_of_a_picture_that_is_no_square(project):
    """Two of 64 x 256 pixels, above each other: they share sky; beside each other they do not."""
    project.fetch(project.manifest("spiral", 3, ra=[150.0, 150.0, 150 + 60 / 3600],
                                   dec=[2.0, 2 + 60 / 3600, 2.0], objID=[0] * 3))  # fmt: skip
    with Ledger.open(project.settings.ledger_url) as ledger:
        sides = [replace(o, size_px=64, height_px=256) for o in ledger.outcomes()]
        ledger.add_outcomes(ledger.start("download", {}), sides)
        kept = read_kept(project.settings, ledger)
    pairs = kept.evidence()[VerdictKind.OVERLAP]
    assert [*zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)] == [(0, 1)]
