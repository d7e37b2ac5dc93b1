"""Splits of small projects on disk: what is written, what is dropped, what is refused."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from galaxycurate.core.geometry import chord, overlap_fraction, reach, unit_vectors
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.errors import InputError, SettingError
from galaxycurate.pipeline.audit.audit import audit
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from tests.curation.split.scans import scan
from tests.pipeline.project import Project, picture
from train.data.tree import read_tree

WIDTH = 256 * 0.396127


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def fill(project, *, scanned=0, lone=60, labels=("spiral", "elliptical")):
    """Cutouts of a scan that hang together, and lone ones; pictures are noise of their own,
    small: here it is positions that tell what shares sky."""
    for k, label in enumerate(labels):
        rows = scan(scanned, seed=1)
        mine = np.arange(len(rows)) % len(labels) == k
        ra = [*rows.ra[mine], *(200 + 0.5 * np.arange(lone))]
        dec = [*rows.dec[mine], *[5.0 + k] * lone]
        project.fetch(project.manifest(label, len(ra), ra=ra, dec=dec), side=16)
    dedupe(project.settings, pixels=None)


def trees(project):
    """Files by part."""
    root = Path(project.settings.dataset) / "split"
    return {
        part.name: {p.name for p in part.rglob("*.jpg")} for part in root.iterdir() if part.is_dir()
    }


def facts(project, *inside):
    return json.loads(Path(project.settings.dataset, "split", *inside, "split.json").read_text())


def shares(made):
    whole: Counter[str] = Counter()
    for counts in made.counts.values():
        whole.update(counts)
    return {p: {c: n / whole[c] for c, n in some.items()} for p, some in made.counts.items()}


def test_a_scan_that_hangs_together_is_split_with_a_guard_band(project):
    fill(project, scanned=900, lone=0)
    made = split(project.settings)
    assert made.cut == 1
    assert made.leaking_pairs.total() == 0
    assert made.pairs_checked[VerdictKind.OVERLAP] > 4000
    assert not made.uneven
    for part, wanted in (("train", 0.8), ("val", 0.1), ("test", 0.1)):
        for share in shares(made)[part].values():
            assert share == pytest.approx(wanted, abs=0.02)
    files = trees(project)
    assert sum(map(len, files.values())) == made.images == 900 - made.dropped
    about = facts(project)
    assert about["guard"] == {"mode": "auto", "cut": 1, "tile_deg": round(made.tile_deg, 6)}
    assert (about["dropped"], about["strategy"], about["grouping"], about["folds"]) == (
        made.dropped, "stratified", "overlap", 0,
    )  # fmt: skip


def test_nothing_on_the_disk_shares_sky_across_parts(project):
    """Counted from the files and the manifests, not from what the split says."""
    fill(project, scanned=900, lone=0)
    split(project.settings)
    part_of = {file: part for part, files in trees(project).items() for file in files}
    tables = [
        project.settings.manifests + f"/{label}.parquet" for label in ("spiral", "elliptical")
    ]
    from galaxycurate.store.manifest import Manifest

    rows = [row for path in tables for row in Manifest.read(Path(path)).rows()]
    ra, dec = (np.array([row[axis] for row in rows]) for axis in ("ra", "dec"))
    part = np.array([part_of.get(f"{row['name']}.jpg", "") for row in rows])
    near = cKDTree(unit_vectors(ra, dec)).query_pairs(chord(reach(WIDTH)), output_type="ndarray")
    i, j = near.T
    shared = overlap_fraction(ra[i], dec[i], WIDTH, ra[j], dec[j], WIDTH) > 1e-9
    one, other = part[i[shared]], part[j[shared]]
    assert shared.sum() > 4000
    assert not ((one != other) & (one != "") & (other != "")).any()


def test_what_the_guard_band_drops_stands_in_the_ledger_with_its_reason(project):
    fill(project, scanned=900, lone=0)
    made = split(project.settings)
    with Ledger.open(project.settings.ledger_url) as ledger:
        places = ledger.places("split")
        told = {v.path: v for v in ledger.verdicts("split")}
    dropped = {path for path, (_, part) in places.items() if not part}
    assert len(dropped) == made.dropped == len(told)
    assert dropped == set(told)
    for path, verdict in told.items():
        assert not verdict.keep
        assert verdict.evidence.startswith("guard band: meant for ")
        meant, _, partner = verdict.evidence.removeprefix("guard band: meant for ").partition(
            ", shares with "
        )
        assert places[verdict.partner][1] == partner != meant
        assert 0 < verdict.amount <= 1
        assert verdict.tier == "sky"
        assert (Path(project.settings.dataset) / path).is_file()


def test_groups_that_can_be_placed_are_neither_cut_nor_dropped(project):
    fill(project, scanned=16, lone=100)
    made = split(project.settings)
    assert (made.cut, made.dropped, made.images) == (0, 0, 216)


def test_folds_test_every_image_once_and_train_can_read_each(project):
    fill(project, scanned=9, lone=60)
    made = split(project.settings, Manner(folds=5))
    assert set(made.counts) == {f"fold-{k}" for k in range(1, 6)}
    root = Path(project.settings.dataset) / "split"
    tested: Counter[str] = Counter()
    for k in range(1, 6):
        tree = read_tree(root / f"fold-{k}")
        assert tree.warnings == ()
        by_part = {s: {tree.files[r].name for r in tree.rows(s)} for s in ("train", "val", "test")}
        assert sum(map(len, by_part.values())) == made.images == len(set().union(*by_part.values()))
        tested.update(by_part["test"])
        assert facts(project, f"fold-{k}")["fold"] == f"fold-{k}"
        assert facts(project, f"fold-{k}")["leaking_pairs"] == 0
    assert set(tested.values()) == {1}
    assert len(tested) == made.images
    for share in (s for some in shares(made).values() for s in some.values()):
        assert share == pytest.approx(0.2, abs=0.02)
    with (root / "folds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["fold"] for row in rows) == {
        str(k): sum(made.counts[f"fold-{k}"].values()) for k in range(1, 6)
    }


def test_a_test_set_kept_aside_is_the_same_in_every_fold(project):
    fill(project)
    made = split(project.settings, Manner(folds=3, fractions=(0.7, 0.1, 0.2)))
    assert set(made.counts) == {"fold-1", "fold-2", "fold-3", "test"}
    root = Path(project.settings.dataset) / "split"
    kept = [{p.name for p in (root / f"fold-{k}" / "test").rglob("*.jpg")} for k in (1, 2, 3)]
    assert kept[0] == kept[1] == kept[2]
    assert len(kept[0]) == 24
    val = [{p.name for p in (root / f"fold-{k}" / "val").rglob("*.jpg")} for k in (1, 2, 3)]
    assert sum(map(len, val)) == len(set().union(*val)) == 96


def test_folds_of_a_scan_leak_nothing_between_any_two(project):
    fill(project, scanned=900, lone=0)
    made = split(project.settings, Manner(folds=3))
    assert made.leaking_pairs.total() == 0
    assert 0 < made.dropped < 300


@pytest.mark.parametrize("grouping", ["object", "healpix:64", "field", "field+next"])
def test_no_shared_sky_crosses_whatever_the_grouping(project, grouping):
    fill(project, scanned=400, lone=30)
    made = split(project.settings, Manner(grouping=grouping))
    assert made.leaking_pairs.total() == 0
    assert made.pairs_checked[VerdictKind.OVERLAP] > 1500
    assert made.images + made.dropped == 460


def test_without_a_guard_a_split_that_would_leak_is_refused_and_not_written(project):
    fill(project, scanned=400, lone=0)
    with pytest.raises(
        InputError, match=r"pairs would lie in different splits \(.* overlap\)"
    ) as e:
        split(project.settings, Manner(grouping="object", guard="none"))
    assert "--guard auto" in str(e.value.hint)
    assert not (Path(project.settings.dataset) / "split").exists()


def test_without_a_guard_the_group_that_is_too_large_is_named(project):
    fill(project, scanned=400, lone=20)
    made = split(project.settings, Manner(guard="none"), dry_run=True)
    assert made.dropped == 0
    assert "largest group holds 90.9 % (400 images, images/" in made.uneven[0]


def test_what_the_audit_does_not_keep_is_left_out(project):
    fill(project)
    with Ledger.open(project.settings.ledger_url) as ledger:
        path, *others = ledger.outcomes()
        bad = Verdict(path.path, VerdictKind.CONTAMINATED, keep=False, sha256=path.sha256)
        good = [Verdict(o.path, VerdictKind.CLEAN, sha256=o.sha256) for o in others]
        ledger.record("audit", {}, verdicts=[bad, *good])
    made = split(project.settings)
    assert (made.left_out, made.images) == (1, 119)
    assert Path(path.path).name not in set().union(*trees(project).values())


def audited(project, *labels):
    audit(project.settings, labels=labels, catalogue=False)


def test_images_that_came_after_an_audit_are_refused_until_they_are_audited(project):
    fill(project, lone=12)
    audited(project)
    assert split(project.settings, dry_run=True).images == 24
    project.fetch(project.manifest("merger", 3, ra=[10.0, 20.0, 30.0], dec=[-5.0] * 3))
    dedupe(project.settings, pixels=None)
    with pytest.raises(InputError, match="3 images came or changed after the last a") as caught:
        split(project.settings)
    assert caught.value.hint == "galaxycurate audit, then split again"
    assert "images/merger/" in str(caught.value)
    audited(project)
    assert split(project.settings, dry_run=True).images == 27


def test_a_picture_that_was_replaced_after_its_audit_is_refused(project):
    fill(project, lone=12)
    audited(project)
    with Ledger.open(project.settings.ledger_url) as ledger:
        old = next(iter(ledger.outcomes()))
        body = picture(777)
        ImageTree(Path(project.settings.dataset)).write(old.path, body)
        new = replace(old, sha256=hashlib.sha256(body).hexdigest(), n_bytes=len(body))
        ledger.add_outcomes(ledger.start("download", {}), [new])
    dedupe(project.settings, pixels=None)
    with pytest.raises(InputError, match=f"1 image came or changed .*{old.name}"):
        split(project.settings)
    audited(project, "spiral" if "/elliptical/" in old.path else "elliptical")
    with pytest.raises(InputError, match="1 image came"):  # an audit of others says nothing of it
        split(project.settings)
    audited(project, old.label)
    assert split(project.settings, dry_run=True).images == 24


def test_labels_that_no_audit_was_asked_about_or_passes_over_are_split(project):
    fill(project, lone=12, labels=("spiral", "star"))
    audited(project)
    assert split(project.settings, dry_run=True).images == 24
    fill(project, lone=14, labels=("spiral", "star"))
    audited(project, "spiral")
    assert split(project.settings, dry_run=True).images == 28


def test_pairs_that_only_pixels_told_of_count_and_stay_together(project):
    """Two hundred pairs of drifted pictures on record; no position tells of them."""
    fill(project, lone=100)
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = sorted(ledger.places("dedupe"))
        run = ledger.start("dedupe", {})
        ledger.add_places(run, ((path, k // 2, "") for k, path in enumerate(paths)))
        ledger.add_verdicts(
            run,
            [Verdict(b, VerdictKind.DRIFT, a, 0.5, tier="noise")
             for a, b in zip(paths[::2], paths[1::2], strict=True)],
        )  # fmt: skip
    made = split(project.settings)
    assert made.pairs_checked[VerdictKind.DRIFT] == 100
    part_of = {file: part for part, files in trees(project).items() for file in files}
    for a, b in zip(paths[::2], paths[1::2], strict=True):
        assert part_of[Path(a).name] == part_of[Path(b).name]
    apart = split(project.settings, Manner(grouping="object"), dry_run=True)
    assert apart.leaking_pairs.total() == 0
    assert apart.dropped > 10


def test_a_pair_of_a_dropped_twin_counts_for_the_one_that_stays(project):
    """A is B's copy and gone; A shares with C, so B does."""
    fill(project, lone=40)
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = sorted(ledger.places("dedupe"))
        a, b, c = paths[:3]
        run = ledger.start("dedupe", {})
        ledger.add_places(run, ((path, k, "") for k, path in enumerate(paths)))
        ledger.add_verdicts(run, [
            Verdict(a, VerdictKind.COPY, b, keep=False), Verdict(c, VerdictKind.DRIFT, a, 0.5),
        ])  # fmt: skip
    for seed in range(6):
        made = split(project.settings, Manner(grouping="object"), seed=seed)
        part_of = {file: part for part, files in trees(project).items() for file in files}
        parts = [part_of.get(Path(p).name) for p in (b, c)]
        assert Path(a).name not in part_of
        assert None in parts or parts[0] == parts[1]
        assert made.leaking_pairs.total() == 0


def test_random_keeps_groups_and_the_whole_but_not_the_classes(project):
    fill(project, lone=100, labels=("spiral", "elliptical", "merger"))
    made = split(project.settings, Manner(strategy="random"))
    assert {p: sum(c.values()) for p, c in made.counts.items()} == {
        "train": 240, "val": 30, "test": 30,
    }  # fmt: skip
    assert len(set(made.counts["test"].values())) > 1


def test_a_split_names_the_manifests_that_it_was_made_of(project):
    fill(project)
    split(project.settings, Manner())
    files = Path(project.settings.manifests).glob("*.parquet")
    sums = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    assert facts(project)["manifest_sha256"] == sums != []


def test_the_same_seed_writes_the_same_split(project):
    fill(project, scanned=400)
    split(project.settings, seed=7)
    first = trees(project)
    split(project.settings, seed=7)
    assert trees(project) == first
    split(project.settings, seed=8)
    assert trees(project) != first


def test_a_split_follows_folds_and_nothing_of_them_stays(project):
    fill(project)
    split(project.settings, Manner(folds=3))
    split(project.settings)
    assert {p.name for p in (Path(project.settings.dataset) / "split").iterdir()} == {
        "train", "val", "test", "split.json", "groups.csv",
    }  # fmt: skip


def test_a_tree_tells_the_group_of_each_image_and_training_reads_it(project):
    fill(project, scanned=16, lone=100)
    split(project.settings)
    tree = read_tree(Path(project.settings.dataset) / "split")
    with (tree.root / "groups.csv").open(newline="") as file:
        listed = {row["path"]: row["group"] for row in csv.DictReader(file)}
    assert set(listed) == {path.as_posix() for path in tree.files}
    assert sorted(Counter(listed.values()).values())[-2:] == [1, 16]
    own = [listed[path.as_posix()] for path in tree.files]
    assert len(set(zip(own, tree.groups.of, strict=True))) == len(set(own)) == 201


@pytest.mark.parametrize(
    ("given", "said"),
    [({"folds": 2}, "folds = 2 is outside 3 to 99"), ({"strategy": "fair"}, "no such strategy"),
     ({"grouping": "sky"}, "no such grouping"), ({"guard": "on"}, "no such guard"),
     ({"fractions": (0.5, 0.1)}, "are no split")],
)  # fmt: skip
def test_manners_that_are_none_are_refused(given, said):
    with pytest.raises(SettingError, match=said):
        Manner(**given)
