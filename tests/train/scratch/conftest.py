from __future__ import annotations

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread():
    """Matrices this small are no work for two threads: they would only wait for each other."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
