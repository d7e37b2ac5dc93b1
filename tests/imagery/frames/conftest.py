"""The files of two neighbouring fields."""

import pytest

from tests.imagery.frames import small


@pytest.fixture(scope="session")
def held():
    return small.files()
