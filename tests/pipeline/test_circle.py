"""The whole circle: a training doubts labels, a person decides, the next split holds it so."""

import csv
from pathlib import Path

import numpy as np

from galaxycurate.pipeline.applied import apply
from galaxycurate.pipeline.classed import image_of
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.review.material import gather
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.pipeline.status import status
from tests.pipeline.project import Project
from train.judge.noise import NAME, Doubts, write_doubts

CLASSES = ("elliptical", "spiral")


def files_of(project):
    root = Path(project.settings.dataset) / "split"
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*.jpg"))


def doubted(project, wanted):
    """label_noise.csv as `python -m train folds` writes it, of these files of the tree."""
    files = files_of(project)
    rows = np.array([files.index(name) for name in wanted])
    label = np.array([CLASSES.index(name.split("/")[1]) for name in files])
    probability = np.where(np.arange(2) == label[:, None], 0.1, 0.9)
    found = Doubts(rows, 1 - label[rows], np.full(rows.size, -0.8), np.ones(rows.size, bool))
    path = project.root / NAME
    write_doubts(path, found, files, CLASSES, label, probability)
    return path


def test_a_doubted_label_that_a_person_corrects_is_learnt_as_corrected(tmp_path):
    project = Project(tmp_path)
    project.fetch(project.manifest("spiral", 20), side=16)
    project.fetch(project.manifest("elliptical", 20, dec=[40.0] * 20), side=16)
    dedupe(project.settings, pixels=None)
    split(project.settings, Manner(fractions=(0.6, 0.2, 0.2)))
    wanted = [name for name in files_of(project) if "/spiral/" in name][:5]
    material = gather(project.settings, noise=doubted(project, wanted))
    doubts = material.doubts
    assert [(d.path, d.suggested) for d in doubts] == [
        (image_of(Path(project.settings.dataset) / "split")(name), "elliptical") for name in wanted
    ]
    # a person: the network is right three times, two pictures are no use at all
    lines = [[d.path, "label", d.suggested, ""] for d in doubts[:3]]
    lines += [[d.path, "reject", "", "two galaxies"] for d in doubts[3:]]
    with (tmp_path / "decisions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "kind", "label", "reason"], *lines])
    assert apply(project.settings, tmp_path / "decisions.csv", reviewer="ann").new == 5
    assert status(project.settings).next[0].why == "5 decisions since the last split"

    made = split(project.settings, Manner(fractions=(0.6, 0.2, 0.2)))
    assert {c: sum(some.get(c, 0) for some in made.counts.values()) for c in CLASSES} == {
        "elliptical": 23, "spiral": 15,
    }  # fmt: skip
    where = {Path(name).name: name.split("/")[1] for name in files_of(project)}
    assert [where.get(Path(d.path).name) for d in doubts] == [*["elliptical"] * 3, None, None]
    # what the next training doubts leads to the same pictures, in whatever folder they lie now
    again = [name for name in files_of(project) if Path(name).name == Path(doubts[0].path).name]
    (doubt,) = gather(project.settings, noise=doubted(project, again)).doubts
    assert (doubt.path, doubt.suggested) == (doubts[0].path, "spiral")
