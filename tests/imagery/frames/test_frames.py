"""Cutouts from frames, by the real engine over real HTTP."""

import io

import numpy as np
import pytest
import simplejpeg
from aiohttp import web
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.core.projection import Grid, projection
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.engine.wire import Reply
from galaxycurate.imagery.frames.field import Field, Plane, draw
from galaxycurate.imagery.frames.files import KEPT, TRIES
from galaxycurate.imagery.frames.room import AT_WORK
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.providers import frames as provider
from galaxycurate.imagery.providers.frames import Frames, FramesIrg
from tests.imagery.frames import small
from tests.imagery.frames.small import FIRST, FrameServer, place

pytestmark = pytest.mark.slow
QUICK = Limits(rate=0.0, concurrency=8, retries=2, backoff_s=0.0, gap_s=5.0)
SCALE, SIZE = 0.396, 64
HERE = (small.RUN, small.CAMCOL, FIRST)
IRG = f"frame-irg-{small.RUN:06d}-{small.CAMCOL}-{FIRST:04d}.jpg"


class Memory:
    """A sink that remembers."""

    def __init__(self):
        self.kept, self.results, self.rejected = {}, {}, {}

    def keep(self, job, body, origin):
        self.kept[job.path] = body

    def reject(self, job, body, reason):
        self.rejected[job.path] = body

    def settle(self, result):
        assert result.job.path not in self.results, "settled twice"
        self.results[result.job.path] = result

    def beat(self, lanes):
        pass


def job(col, row, *, field=HERE, format="png", scale=SCALE, size=SIZE, path=""):
    """A cutout around a pixel of the r strip."""
    ra, dec = place(col, row)
    path = path or f"{col:g}-{row:g}-{format}"
    return Job(ra, dec, scale, size, path=path, field=field, format=format)


def run(server, jobs, of=Frames):
    sink = Memory()
    fetch(iter(jobs), [of(server.url, "dr17", backoff_s=0.01)], sink, QUICK)
    return sink


def only(sink):
    (result,) = sink.results.values()
    return result


def pixels(body):
    return np.asarray(Image.open(io.BytesIO(body))).astype(int)


def archive(body):
    return np.load(io.BytesIO(body))


def test_a_field_is_fetched_once_for_all_its_cutouts(held):
    with FrameServer(held) as server:
        sink = run(server, [job(100 + k, 150 + k % 7) for k in range(60)])
    assert all(result.status is Status.OK for result in sink.results.values())
    assert server.asked == {small.name(band, FIRST): 1 for band in "gri"}
    assert server.paths == {
        f"/sas/dr17/eboss/photoObj/frames/301/94/1/{small.name(band, FIRST)}" for band in "gri"
    }


def test_an_outcome_names_the_frame_its_etag_and_the_server(held):
    with FrameServer(held) as server:
        result = only(run(server, [job(210, 150)]))
    assert result.url.endswith(small.name("r", FIRST))
    assert result.etag == f'"{small.name("r", FIRST)}"'
    assert result.provider == "frames"
    assert "simulated" in result.origin
    assert result.http == 200


def test_stars_lie_where_they_should_in_all_bands(held):
    col, row, fluxes = small.SOURCES[1]
    with FrameServer(held) as server:
        sink = run(server, [job(col, row, format="npz")])
    flux = archive(sink.kept[f"{col:g}-{row:g}-npz"])["flux"]
    y, x = np.mgrid[:SIZE, :SIZE]
    for image, truth in zip(flux, fluxes, strict=True):
        light = np.where(np.hypot(x - 31.5, y - 31.5) < 8, image, 0)
        assert (light * x).sum() / light.sum() == pytest.approx(31.5, abs=0.03)
        assert (light * y).sum() / light.sum() == pytest.approx(31.5, abs=0.03)
        assert light.sum() == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("scale", [0.2, 0.396, 0.6, 0.8, 1.0])
def test_flux_is_in_nanomaggies_a_pixel_at_any_scale(held, scale):
    col, row, fluxes = small.SOURCES[1]
    size = int(48 * 0.396 / scale)
    with FrameServer(held) as server:
        sink = run(server, [job(col, row, format="npz", scale=scale, size=size, path="x")])
    flux = archive(sink.kept["x"])["flux"]
    for image, truth in zip(flux, fluxes, strict=True):
        assert image.sum() == pytest.approx(truth, rel=0.1)


def test_north_is_up_and_east_is_left(held):
    col, row, _ = small.SOURCES[1]
    ra, dec = place(col, row)
    north = Job(ra, dec - 10 * SCALE / 3600, SCALE, SIZE, path="n", field=HERE, format="png")
    west = Job(ra - 10 * SCALE / 3600, dec, SCALE, SIZE, path="w", field=HERE, format="png")
    with FrameServer(held) as server:
        sink = run(server, [north, west])
    top = np.unravel_index(pixels(sink.kept["n"]).sum(axis=2).argmax(), (SIZE, SIZE))
    left = np.unravel_index(pixels(sink.kept["w"]).sum(axis=2).argmax(), (SIZE, SIZE))
    assert abs(top[0] - 21.5) <= 1
    assert abs(top[1] - 31.5) <= 1
    assert abs(left[0] - 31.5) <= 1
    assert abs(left[1] - 21.5) <= 1


def test_across_a_border_no_seam_is_left(held):
    """The same sky from two fields and from one frame that was never cut."""
    whole = {small.name(b, FIRST): small.packed(small.strip(b), small.header(b)) for b in "gri"}
    jobs = [job(col, row, format="npz") for col in (150, 205) for row in range(250, 401, 15)]
    with FrameServer(held) as server:
        parts = run(server, jobs)
        assert server.asked[small.name("r", FIRST + 1)] == 1
    with FrameServer(whole) as server:
        uncut = run(server, jobs)
    assert len(parts.kept) == len(jobs)
    for path, body in parts.kept.items():
        difference = archive(body)["flux"] - archive(uncut.kept[path])["flux"]
        assert np.abs(difference).max() < 1e-4, path


def test_both_fields_draw_the_same_sky_across_their_border(held):
    second = (small.RUN, small.CAMCOL, FIRST + 1)
    jobs = [job(205, 350, path="a"), job(205, 350, field=second, path="b")]
    with FrameServer(held) as server:
        sink = run(server, jobs)
    assert np.abs(pixels(sink.kept["a"]) - pixels(sink.kept["b"])).max() <= 1


def test_beyond_the_camera_column_there_is_nothing(held):
    with FrameServer(held) as server:
        sink = run(server, [job(10, 180)])
        assert set(server.asked) == {small.name(band, FIRST) for band in "gri"}
    result = only(sink)
    assert (result.status, result.reason) == (Status.REJECTED, Reason.PARTIAL)
    assert float(result.detail.split("%")[0]) == pytest.approx(33, abs=6)
    assert pixels(next(iter(sink.rejected.values()))).shape == (SIZE, SIZE, 3)


def test_beyond_the_last_field_of_the_scan_there_is_nothing(held):
    last = (small.RUN, small.CAMCOL, FIRST + 1)
    with FrameServer(held) as server:
        sink = run(server, [job(200, 640, field=last)])
        assert sum(server.asked[small.name(band, FIRST + 2)] for band in "gri") in (1, 2, 3)
        assert server.asked[small.name("r", FIRST)] == 0
    assert only(sink).reason is Reason.PARTIAL


def test_a_row_without_its_field_is_told_so_and_nothing_is_asked(held):
    with FrameServer(held) as server:
        result = only(run(server, [job(200, 150, field=(0, 0, 0))]))
    assert (result.status, result.reason) == (Status.REJECTED, Reason.NO_FIELD)
    assert not server.asked


def test_a_frame_that_is_not_there_is_final(held):
    with FrameServer(held) as server:
        result = only(run(server, [job(200, 150, field=(95, 1, 11))]))
    assert (result.status, result.reason) == (Status.REJECTED, Reason.NO_FILE)
    assert "no such frame" in result.detail


def cut(body, before):
    return body[: len(body) // 2] if before < 2 else None


def busy(body, before):
    return web.Response(status=500) if before < 2 else None


def other(body, before):
    wrong = small.packed(small.strip("r")[:388], small.header("r"))
    return wrong if before < 1 else None


def page(body, before):
    return b"<html>try later</html>" if before < 1 else None


@pytest.mark.parametrize("fault", [cut, busy, other, page])
def test_a_file_that_comes_wrong_is_fetched_again(held, fault):
    name = small.name("g", FIRST)
    with FrameServer(held, {name: fault}) as server:
        sink = run(server, [job(200, 150 + k) for k in range(5)])
    assert {result.status for result in sink.results.values()} == {Status.OK}
    assert server.asked[name] in (2, 3)


def test_a_file_that_stays_broken_fails_its_cutouts_and_is_left_alone(held):
    name = small.name("i", FIRST)
    with FrameServer(held, {name: lambda body, _: body[:1000]}) as server:
        sink = run(server, [job(200, 100 + k) for k in range(80)])
    ends = {(result.status, result.reason) for result in sink.results.values()}
    assert ends == {(Status.FAILED, Reason.TRUNCATED)}
    assert len(sink.results) == 80
    assert server.asked[name] == TRIES


@pytest.mark.parametrize("band", ["g", "i"])
def test_a_file_that_never_comes_costs_its_own_field_and_no_other(held, band):
    three = small.files(3)
    silent = small.name(band, FIRST + 1)
    jobs = [job(150 + k % 60, 120 + k // 60, path=f"good {k}") for k in range(60)]
    for field, row, name, n in ((FIRST + 1, 450, "silent", 90), (FIRST + 2, 720, "more", 60)):
        where = (small.RUN, small.CAMCOL, field)
        jobs += [job(150 + k % 60, row + k // 60, field=where, path=f"{name} {k}")
                 for k in range(n)]  # fmt: skip
    with FrameServer(three) as server:
        server.silent = {silent}
        sink = run(server, jobs)
    ends = {(path.split()[0], str(r.status), r.reason) for path, r in sink.results.items()}
    assert ends == {("good", "ok", None), ("more", "ok", None),
                    ("silent", "failed", Reason.UNREACHABLE)}  # fmt: skip
    assert len(sink.results) == len(jobs)
    others = {name: n for name, n in server.asked.items() if name != silent}
    assert set(others.values()) == {1}, "what arrived is kept"
    assert server.asked[silent] <= 2 * TRIES, "a connection that was used before is tried twice"


@pytest.mark.parametrize("bands", ["gri", "g"])
def test_the_file_of_another_field_under_this_name_is_no_edge_of_the_survey(bands):
    far = small.files(6)
    wrong = far | {small.name(b, FIRST): far[small.name(b, FIRST + 5)] for b in bands}
    with FrameServer(wrong) as server:
        result = only(run(server, [job(200, 150)]))
    assert (result.status, result.reason) == (Status.FAILED, Reason.NOT_IMAGE)
    assert "another part of the sky" in result.detail
    assert result.url.endswith(small.name("r", FIRST))


@pytest.mark.parametrize("scale", [0.06, 0.1, 0.396, 0.8, 2.0])
@pytest.mark.parametrize("rim", [0, 12])
def test_where_a_plane_ends_is_one_rule_for_weights_and_neighbours(scale, rim):
    """A picture slid over each edge: it is whole exactly as long as nothing is said to exceed."""
    plane = Plane(small.strip("r")[:388], projection(small.header("r")), 0.396, rim)
    field, seen = Field(HERE, (plane,) * 3, Reply(200, "OK", {})), set()
    size = 16
    reach = size * scale / 0.396
    edges = [(205, rim + reach * 0.7), (205, 387 - rim - reach * 0.7),
             (rim + reach * 0.7, 190), (419 - rim - reach * 0.7, 190)]  # fmt: skip
    for n, (col, row) in enumerate(edges):
        for step in np.linspace(-1.5, 1.5, 61) * max(1.0, reach / 10):
            ra, dec = place(col + step * (n > 1), row + step * (n < 2))
            grid = Grid(ra, dec, scale, size, size)
            beyond = field.ends_within(grid, -1) or field.ends_within(grid, 1)
            is_whole = not beyond and field.is_as_wide(grid)
            assert is_whole == (draw([field], grid).uncovered == 0), (n, step)
            seen.add((n, is_whole))
    assert len(seen) == 8, "each edge was crossed"


def test_a_fine_picture_that_ends_in_the_last_row_is_no_reject(held):
    """Its neighbour holds what lies within the outer half of the last pixel."""
    plane, jobs = Plane(small.strip("r")[:388], projection(small.header("r")), 0.396), []
    for k, beyond in enumerate(np.linspace(-0.2, 0.6, 9)):
        row = 380.0
        for _ in range(8):
            ra, dec = place(205, row)
            row += beyond - plane.excess(Grid(ra, dec, 0.1, SIZE, SIZE))[1]
        jobs.append(job(205, row, scale=0.1, path=f"{k}"))
    with FrameServer(held) as server:
        sink = run(server, jobs)
    assert {result.status for result in sink.results.values()} == {Status.OK}


def test_the_rim_of_a_jpeg_where_bands_lack_is_not_shown(held):
    """Blue and green are black in its last rows, as in the survey's own; the next field has them"""
    spoiled = dict(held)
    for field, rows in ((FIRST, slice(0, 12)), (FIRST + 1, slice(-12, None))):
        name = IRG.replace(f"{FIRST:04d}", f"{field:04d}")
        rgb = simplejpeg.decode_jpeg(held[name]).copy()
        rgb[rows, :, 1:] = 0
        spoiled[name] = simplejpeg.encode_jpeg(rgb, 95, "RGB", "444")
    jobs = [job(205, row) for row in (300, 330, 360)]
    with FrameServer(held) as good, FrameServer(spoiled) as bad:
        whole, dimmed = run(good, jobs, FramesIrg), run(bad, jobs, FramesIrg)
        last = run(bad, [job(205, 46)], FramesIrg)
    assert len(whole.kept) == 3
    for path, body in whole.kept.items():
        difference = np.abs(pixels(body) - pixels(dimmed.kept[path]))
        assert difference.max() <= 20, "of compression beside the rim"
        assert np.percentile(difference, 99.9) <= 6
    assert only(last).reason is Reason.PARTIAL


def test_a_job_without_its_field_has_no_address():
    for of in (Frames, FramesIrg):
        provider = of("https://data.sdss.org", "dr17")
        assert provider.url(job(205, 150, field=(0, 0, 0))) == ""
        assert "/301/94/1/frame-" in provider.url(job(205, 150))


def test_a_cutout_is_the_same_request_in_every_run_and_the_address_tells_its_field():
    provider = Frames("https://data.sdss.org", "dr17")
    one, other = job(205, 350), job(205, 350, field=(95, 2, 30))
    assert provider.request(one) == provider.request(other)
    assert provider.url(one) != provider.url(other)


def test_the_formats_hold_the_same_picture(held):
    with FrameServer(held) as server:
        sink = run(server, [job(205, 350, format=f, path=f) for f in ("png", "npz", "jpg", "fits")])
    png, npz = pixels(sink.kept["png"]), archive(sink.kept["npz"])
    assert np.array_equal(png, npz["rgb"])
    assert npz["bands"].tolist() == ["i", "r", "g"]
    with fits.open(io.BytesIO(sink.kept["fits"])) as hdus:
        assert np.array_equal(hdus[0].data[:, ::-1], npz["flux"])
    assert np.abs(pixels(sink.kept["jpg"]) - png).mean() < 4


def test_a_fits_cutout_tells_where_it_lies_and_where_it_comes_from(held):
    with FrameServer(held) as server:
        sink = run(server, [job(205, 350, format="fits", path="x")])
    with fits.open(io.BytesIO(sink.kept["x"])) as hdus:
        hdus.verify("exception")
        header, cube = hdus[0].header, hdus[0].data
    col, row = WCS(header, naxis=2).world_to_pixel_values(*place(205, 350))
    assert (col, row) == (pytest.approx(31.5, abs=1e-3), pytest.approx(31.5, abs=1e-3))
    assert header["BUNIT"] == "nanomaggy"
    assert [header[f"BAND{n}"] for n in (1, 2, 3)] == ["i", "r", "g"]
    assert (header["RUN"], header["CAMCOL"], header["FIELD"]) == HERE
    assert header["FIELDS"] == "11,12"
    assert header["SIMULATE"] is True
    assert header["SOFTWARE"].startswith("galaxycurate ")
    source = small.SOURCES[4]
    x, y = WCS(header, naxis=2).world_to_pixel_values(*place(*source[:2]))
    rows, cols = np.mgrid[:SIZE, :SIZE]
    near = np.where(np.hypot(cols - x, rows - y) < 6, cube[1], 0)
    assert (near * cols).sum() / near.sum() == pytest.approx(float(x), abs=0.05)
    assert (near * rows).sum() / near.sum() == pytest.approx(float(y), abs=0.05)


def test_the_same_cutout_is_the_same_bytes(held):
    jobs = [job(205, 150, format=form, path=form) for form in ("jpg", "png", "npz")]
    kept = []
    for _ in range(2):
        with FrameServer(held) as server:
            kept.append(run(server, jobs).kept)
    assert kept[0] == kept[1]


def test_the_jpeg_of_a_field_takes_a_part_of_a_frame_and_no_more(held, monkeypatch):
    frame = len(held[small.name("r", FIRST)])
    monkeypatch.setattr(provider, "HEAD_BYTES", frame - 10)
    with FrameServer(held) as server:
        sink = run(server, [job(205, 150 + k) for k in range(9)], FramesIrg)
    assert len(sink.kept) == 9
    assert server.asked == {small.name("r", FIRST): 1, IRG: 1}
    assert server.sent == len(held[IRG]) + frame - 10


@pytest.mark.parametrize("ranges", [True, False])
def test_too_small_a_part_or_a_server_without_ranges_costs_the_whole_frame(
    held, monkeypatch, ranges
):
    monkeypatch.setattr(provider, "HEAD_BYTES", 100)
    with FrameServer(held, ranges=ranges) as server:
        sink = run(server, [job(205, 150)], FramesIrg)
    assert only(sink).status is Status.OK
    assert server.asked[small.name("r", FIRST)] == (2 if ranges else 1)


def test_both_ways_show_the_same_sky(held):
    jobs = [job(205, 150), job(205, 350), job(100, 60)]
    with FrameServer(held) as server:
        drawn, taken = run(server, jobs), run(server, jobs, FramesIrg)
    for path, body in drawn.kept.items():
        ours, theirs = pixels(body), pixels(taken.kept[path])
        bright = ours.max(axis=2) > 60
        assert bright.sum() > 20
        assert np.abs(ours - theirs)[bright].mean() < 8, path
        assert np.abs(ours - theirs).mean() < 4, path


@pytest.mark.parametrize("fault", [cut, lambda body, n: simplejpeg.encode_jpeg(
    np.zeros((64, 64, 3), np.uint8)) if n < 1 else None])  # fmt: skip
def test_a_jpeg_that_comes_wrong_is_fetched_again(held, fault):
    with FrameServer(held, {IRG: fault}) as server:
        assert only(run(server, [job(205, 150)], FramesIrg)).status is Status.OK
    assert server.asked[IRG] > 1


def test_memory_holds_few_fields_however_many_are_wanted(held):
    many = {
        small.name(band, field): held[small.name(band, FIRST)]
        for field in range(100, 112)
        for band in "gri"
    }
    most, at_work = [], []

    class Watched(Frames):
        async def bring(self, job, ask):
            answer = await super().bring(job, ask)
            most.append(len(self._files._here))
            at_work.append(len(self._room._users))
            return answer

    fields = [(small.RUN, small.CAMCOL, n) for n in range(100, 112)]
    jobs = [job(205, 150 + k, field=f, path=f"{f[2]}-{k}") for f in fields for k in range(3)]
    with FrameServer(many) as server:
        sink = run(server, jobs, Watched)
    assert len(sink.kept) == 36
    assert set(server.asked.values()) == {1}
    assert max(most) <= KEPT
    assert max(at_work) <= AT_WORK
