"""Whom to thank: what is known, and no more."""

import pytest

from galaxycurate.core.cite import GALAXY_ZOO, credit


@pytest.mark.parametrize("releases", [[], ["edr"], ["", "dr99"]])
def test_of_an_unknown_release_no_paper_and_no_phase_is_claimed(releases):
    found = credit(releases)
    assert found.papers == (("SDSS", "York et al. 2000, AJ 120, 1579"), *GALAXY_ZOO)
    assert "Funding" not in found.acknowledgement
    assert "is not known" in found.acknowledgement
    assert found.page == "www.sdss.org/collaboration/citing-sdss"


def test_the_acknowledgement_is_that_of_the_newest_known_release():
    found = credit(["dr7", "edr", "DR17"])
    assert [what for what, _paper in found.papers][1:3] == ["SDSS DR7", "SDSS DR17"]
    assert "Sloan Digital Sky Survey IV" in found.acknowledgement
