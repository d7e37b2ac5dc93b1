"""The tiny sky, and a server in front of it."""

import pytest

from tests.sandbox import tiny


@pytest.fixture(scope="session")
def tiny_sky(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("sky") / "tiny")
