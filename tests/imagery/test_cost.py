"""What cutouts cost a server."""

import pytest

from galaxycurate.imagery.cost import BYTES_A_SECOND, FRAMES_BYTES, JPEG_BYTES, cost

PIXELS = 256**2


def test_a_service_is_asked_once_a_cutout():
    found = cost("skyserver", cutouts=1000, pixels=1000 * PIXELS, fields=5)
    assert (found.requests, found.n_bytes) == (1000, 20_000_000)
    assert found.seconds(2.0) == 500 + 20_000_000 / BYTES_A_SECOND


def test_frames_are_asked_for_three_files_a_field_and_some_neighbours():
    one = cost("frames", cutouts=1, pixels=PIXELS, fields=1)
    assert 3 <= one.requests <= 4
    assert FRAMES_BYTES <= one.n_bytes < 1.25 * FRAMES_BYTES
    many = cost("frames", cutouts=1000, pixels=1000 * PIXELS, fields=1)
    assert many.requests == 9  # both neighbours


def test_frames_are_kinder_where_a_field_holds_many_cutouts():
    def requests(name, n):
        return cost(name, cutouts=n, pixels=n * PIXELS, fields=1).requests

    assert requests("skyserver", 2) < requests("frames", 2)
    assert requests("skyserver", 20) > requests("frames", 20)


def test_the_jpeg_of_a_field_takes_about_a_seventh_of_the_bytes():
    few, all_of = (
        cost(name, cutouts=10, pixels=10 * PIXELS, fields=10).n_bytes
        for name in ("frames-irg", "frames")
    )
    assert all_of / few == pytest.approx(7, abs=0.5)
    assert few > 10 * JPEG_BYTES


@pytest.mark.parametrize(("name", "requests", "seconds"), [("frames", 5, 18), ("frames-irg", 3, 4)])
def test_docs_download_says_from_where_on_frames_are_kinder(name, requests, seconds):
    """Cutouts a field, of 100 fields and their neighbours; at two requests a second."""

    def told(name, n):
        found = cost(name, cutouts=100 * n, pixels=100 * n * PIXELS, fields=100)
        return found.requests, found.seconds(2.0)

    for which, first in ((0, requests), (1, seconds)):
        kinder = [n for n in range(1, 60) if told(name, n)[which] < told("skyserver", n)[which]]
        assert kinder == list(range(first, 60))


def test_nothing_costs_nothing():
    for name in ("skyserver", "frames", "frames-irg"):
        assert cost(name, cutouts=0, pixels=0, fields=0).requests == 0
