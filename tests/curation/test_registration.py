"""Registration against known shifts, rotations, scales and mirrors, simulated and real."""

import numpy as np
import pytest
import simplejpeg
from scipy.ndimage import affine_transform

from galaxycurate.curation.registration import Registration, aligned, register, shift

SIDE = 256


def jpeg(rgb, quality=75):
    """As it comes back from a server."""
    whole = np.ascontiguousarray(np.clip(rgb + 0.5, 0, 255).astype(np.uint8))
    return simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(whole, quality, "RGB", "420"))


def stars(n, rng):
    """x, y from the middle [pixel], flux, size."""
    return np.column_stack([
        rng.uniform(-170, 170, (n, 2)), 10 ** rng.uniform(1.8, 4, n), rng.exponential(1.5, n)
    ])  # fmt: skip


def drawn(sources, where, seed, *, seeing=1.6, stretch=lambda v: 8 * v):
    """A picture of sources with noise of its own."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    picture = np.random.default_rng(seed).normal(2, 1, (SIDE, SIDE))
    for px, py, flux, size in sources:
        u, v = where.matrix @ (px, py) + np.array([where.dx, where.dy])
        width = np.hypot(size, seeing) * where.scale
        light = np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * width**2))
        picture += flux / (2 * np.pi * width**2) * light
    return jpeg(np.repeat(np.clip(stretch(picture), 0, 255)[..., None], 3, axis=2))


def window(frame, row, col, where):
    """A window of a frame as `where` shows it, by splines of the frame itself."""
    big = frame[row - 200 : row + 200 + SIDE, col - 200 : col + 200 + SIDE].astype(np.float32)
    inverse = np.linalg.inv(where.matrix)
    middle, shown = (np.array(n) / 2 - 0.5 for n in (big.shape[1::-1], (SIDE, SIDE)))
    start = middle - inverse @ (shown + np.array([where.dx, where.dy]))
    planes = [
        affine_transform(p, inverse[::-1, ::-1], start[::-1], output_shape=(SIDE, SIDE), order=3)
        for p in np.moveaxis(big, -1, 0)
    ]
    return jpeg(np.stack(planes, axis=-1))


@pytest.fixture(scope="module")
def frames(shared_data):
    paths = sorted((shared_data / "sdss" / "irg").glob("frame-irg-*.jpg"))[:4]
    if not paths:
        pytest.skip("real irg pictures absent")
    return [simplejpeg.decode_jpeg(path.read_bytes()) for path in paths]


def errors(found, true):
    turn = (found.rotation_deg - true.rotation_deg + 180) % 360 - 180
    return found.dx - true.dx, found.dy - true.dy, found.scale / true.scale - 1, turn


def test_the_same_picture_lies_on_itself():
    picture = drawn(stars(30, np.random.default_rng(1)), Registration(), 1)
    found = register(picture, picture)
    assert found.certain
    assert not found.mirrored
    assert np.abs(errors(found, Registration())).max() < 1e-3


def test_the_sign_of_a_shift_is_where_the_content_went():
    picture = drawn(stars(30, np.random.default_rng(1)), Registration(), 1)
    found = shift(picture, np.roll(picture, (3, 5), axis=(0, 1)))  # down, right
    assert (found.dx, found.dy) == pytest.approx((5, 3), abs=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_shift_is_told_through_other_noise_seeing_and_stretch(seed):
    rng = np.random.default_rng(seed)
    sources, true = stars(60, rng), Registration(*rng.uniform(-3, 3, 2))
    a = drawn(sources, Registration(), seed)
    b = drawn(sources, true, 100 + seed, seeing=2.0, stretch=lambda v: 60 * np.arcsinh(v / 2))
    found = shift(a, b)
    assert found.certain
    assert np.hypot(found.dx - true.dx, found.dy - true.dy) < 0.15


def test_shifts_of_real_windows_are_told_to_hundredths_of_a_pixel(frames):
    rng, off = np.random.default_rng(2), []
    for frame in frames:
        for _ in range(3):
            row, col = (int(rng.integers(200, n - 456)) for n in frame.shape[:2])
            true = Registration(*rng.uniform(-6, 6, 2))
            found = shift(window(frame, row, col, Registration()), window(frame, row, col, true))
            assert found.certain
            off += errors(found, true)[:2]
    assert np.median(np.abs(off)) < 0.015
    assert np.abs(off).max() < 0.06


def test_rotation_scale_and_mirror_of_real_windows_are_told(frames):
    rng = np.random.default_rng(3)
    for n, frame in enumerate(frames):
        row, col = (int(rng.integers(200, n - 456)) for n in frame.shape[:2])
        true = Registration(
            *rng.uniform(-6, 6, 2), scale=rng.uniform(0.8, 1.25),
            rotation_deg=rng.uniform(-180, 180), mirrored=bool(n % 2),
        )  # fmt: skip
        found = register(window(frame, row, col, Registration()), window(frame, row, col, true))
        assert found.certain
        assert found.mirrored == true.mirrored
        dx, dy, scale, turn = np.abs(errors(found, true))
        assert max(dx, dy) < 0.06
        assert scale < 0.001
        assert turn < 0.05


@pytest.mark.parametrize(
    ("turned", "true"),
    [(lambda p: p[:, ::-1], Registration(mirrored=True)),
     (lambda p: p[::-1], Registration(mirrored=True, rotation_deg=180.0)),
     (lambda p: np.rot90(p), Registration(rotation_deg=90.0)),
     (lambda p: p.transpose(1, 0, 2), Registration(mirrored=True, rotation_deg=90.0))],
)  # fmt: skip
def test_quarter_turns_and_mirrors_are_named(turned, true):
    picture = drawn(stars(40, np.random.default_rng(4)), Registration(), 4)
    found = register(picture, np.ascontiguousarray(turned(picture)))
    assert found.mirrored == true.mirrored
    assert np.abs(errors(found, true)).max() < 0.01


def test_nothing_is_told_of_other_sky_or_of_noise(frames):
    rng = np.random.default_rng(5)
    for k in range(3):
        a, b = (window(frames[n], *rng.integers(200, 900, 2), Registration()) for n in (k, k + 1))
        assert not register(a, b).certain
    noise = [jpeg(np.random.default_rng(n).normal(20, 8, (SIDE, SIDE, 3))) for n in (1, 2)]
    assert not register(*noise).certain
    flat = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert not register(flat, flat).certain


def test_the_second_picture_is_laid_on_the_first():
    rng = np.random.default_rng(6)
    sources, true = stars(40, rng), Registration(2.3, -1.4, 1.1, 25.0, True)
    a, b = drawn(sources, Registration(), 1), drawn(sources, true, 2)
    found = register(a, b)
    laid = aligned(b, found)
    assert laid.shape == a.shape
    middle = slice(40, -40), slice(40, -40)
    before, after = (
        np.corrcoef(a[middle].ravel(), picture[middle].ravel())[0, 1] for picture in (b, laid)
    )
    assert before < 0.3
    assert after > 0.6


def test_pictures_need_not_be_square_or_in_colour():
    picture = drawn(stars(40, np.random.default_rng(7)), Registration(), 7)[:200, :, 0]
    found = register(picture[:, :240], np.roll(picture, 4, axis=1)[:, :240])
    assert (found.dx, found.dy) == pytest.approx((4, 0), abs=0.05)
