"""Which images an audit looks at, and what it takes them for."""

import pytest

from galaxycurate.pipeline.audit.images import images
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def taken_for(project, **how):
    """Negative or not, by label; and the labels that are passed over."""
    with Ledger.open(project.settings.ledger_url) as ledger:
        found = images(project.settings, ledger, **how)
    return {one.label: one.negative for one in found.audited}, set(found.passed_over)


STARS = ("star", "stars", "star_or_artifact", "artefact", "dont_know", "dont-know", "uncertain")
GALAXIES = ("spiral", "star-forming", "star_forming_galaxy", "starburst", "star-burst", "started")


def test_labels_that_speak_of_no_galaxy_are_passed_over_and_all_others_are_galaxies(project):
    for label in (*STARS, *GALAXIES):
        project.fetch(project.manifest(label, 1, ra=[10.0 + len(label)], name=f"m-{label}"))
    audited, passed_over = taken_for(project)
    assert passed_over == set(STARS)
    assert audited == dict.fromkeys(GALAXIES, False)


def test_another_name_for_negatives_does_not_make_galaxies_of_the_first(project):
    for label in ("negative", "empty", "spiral"):
        project.fetch(project.manifest(label, 1))
    audited, _ = taken_for(project, negatives=["empty"])
    assert audited == {"negative": True, "empty": True, "spiral": False}


def test_of_two_manifests_the_row_counts_that_places_the_image(project):
    """An import that has the image, and an older one of the same file that has none."""
    about = {"source_file": ["a.jpg"]}
    project.fetch(project.manifest("spiral", 1, name="a", r=[15.5], **about))
    project.manifest("spiral", 1, name="b", r=[19.5], size_px=[None], **about)
    with Ledger.open(project.settings.ledger_url) as ledger:
        (one,) = images(project.settings, ledger).audited
    assert one.own_mag == pytest.approx(15.5)
