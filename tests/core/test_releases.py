"""The data releases, as values."""

import pytest

from galaxycurate.core.releases import RELEASES, release_of
from galaxycurate.errors import SettingError
from galaxycurate.store.settings import Settings


def test_dr8_to_dr19_are_known_and_each_is_a_setting():
    assert list(RELEASES) == [f"dr{n}" for n in range(8, 20)]
    for name, release in RELEASES.items():
        assert release.name == name
        assert release.searches
        assert Settings(release=name).release == name


def test_the_last_way_to_ask_is_a_get():
    assert {release.searches[-1].methods[-1] for release in RELEASES.values()} == {"GET"}


def test_capitals_do_not_matter_and_other_names_are_refused():
    assert release_of("DR17") is RELEASES["dr17"]
    with pytest.raises(SettingError, match="release = 'dr20' is no data release") as caught:
        release_of("dr20")
    assert caught.value.hint.startswith("choose one of dr8, dr9")
