import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from galaxycurate.errors import InputError
from tests.train.detect import sky
from train.detect.fields import Field
from train.detect.frames import gather


@pytest.fixture
def folder(tmp_path):
    sky.write(tmp_path)
    return tmp_path


def frames(folder):
    return {band: folder / f"frame-{band}-007001-1-0011.fits" for band in "gri"}


def rewritten(path, change):
    with fits.open(path) as hdus:
        data, header = hdus[0].data, hdus[0].header
        data = change(data, header)
    fits.writeto(path, data, header, overwrite=True)


def test_sky_positions_are_those_of_astropy(folder):
    with Field(frames(folder)) as field:
        x, y = np.array([3.0, 250.25, 120.5]), np.array([200.0, 7.75, 60.0])
        ra, dec = field.sky(x, y)
        true = WCS(fits.getheader(frames(folder)["r"])).pixel_to_world(x, y)
        assert np.abs(ra - true.ra.deg).max() < 1e-6
        assert np.abs(dec - true.dec.deg).max() < 1e-6
        assert np.abs(np.array(field.pixel(ra, dec)) - [x, y]).max() < 1e-6


def test_positions_on_the_other_side_of_the_sky_are_no_pixels(folder):
    with Field(frames(folder)) as field:
        assert np.isnan(field.pixel([330.0], [-2.0])).all()


def test_the_bands_lie_on_the_pixels_of_r(tmp_path):
    shape = (96, 128)
    put = np.array([[40.3, 50.6]]), np.array([True]), np.array([3.0]), np.array([40.0])
    sky.write(tmp_path, shape=shape, put=put)
    with Field(frames(tmp_path)) as field:
        light = field.whole()
    rows, columns = np.indices(shape)
    near = np.hypot(columns - 40.3, rows - 50.6) < 9
    for band in light:
        weight = np.where(near, band, 0)
        x, y = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
        assert np.hypot(x - 40.3, y - 50.6) < 0.15


def test_a_window_is_the_same_part_of_the_whole(folder):
    with Field(frames(folder)) as field:
        part = field.window(30, 140, 60, 200)
        whole = field.whole()[:, 30:140, 60:200]
        assert np.array_equal(part[1], whole[1])
        assert np.abs(part[:, 5:-5, 5:-5] - whole[:, 5:-5, 5:-5]).max() < 5e-3


@pytest.mark.parametrize("pack", [".gz", ".bz2", ".fz"])
def test_packed_frames_hold_the_same_light(folder, pack):
    files = frames(folder)
    with Field(files) as field:
        plain = field.whole()
    for band, path in files.items():
        packed = path.with_name(path.name + pack)
        if pack == ".fz":
            data, header = fits.getdata(path, header=True)
            image = fits.CompImageHDU(data, header, compression_type="GZIP_1", quantize_level=0)
            image.writeto(packed)
        else:
            packed.write_bytes((gzip if pack == ".gz" else bz2).compress(path.read_bytes()))
        path.unlink()
        files[band] = packed
    with Field(gather([folder])[0]) as field:
        assert np.array_equal(field.whole(), plain)
        assert field.simulated


@pytest.mark.parametrize("source", ["", "007001-1-0011", "frame-r-007001-1-0011.fits"])
def test_a_field_is_named_by_folder_prefix_or_files(folder, source):
    sources = [folder / source]
    if source.endswith(".fits"):
        sources = list(frames(folder).values())
    assert gather(sources) == [frames(folder)]


def test_frames_of_other_names_tell_their_band_in_the_header(folder):
    for number, path in enumerate(frames(folder).values()):
        path.rename(folder / f"plate{number}.fits")
    assert sorted(gather([folder])[0]) == ["g", "i", "r"]


def test_a_missing_band_is_named(folder):
    frames(folder)["g"].unlink()
    with pytest.raises(InputError, match="no g frame beside"):
        gather([folder])


def test_bands_of_different_size_are_refused(folder):
    rewritten(frames(folder)["i"], lambda data, header: data[:-10])
    with pytest.raises(InputError, match=r"288 x 214 pixels, .*is 288 x 224"):
        Field(frames(folder))


def test_a_frame_without_wcs_is_refused(folder):
    def strip(data, header):
        for key in [k for k in header if k.startswith(("CTYPE", "CRVAL", "CRPIX", "PC", "CDELT"))]:
            del header[key]
        return data

    rewritten(frames(folder)["r"], strip)
    with pytest.raises(InputError, match="has no WCS") as caught:
        Field(frames(folder))
    assert "astrometry" in caught.value.hint


def test_frames_of_different_sky_are_refused(folder):
    rewritten(frames(folder)["g"], lambda d, h: h.set("CRVAL1", 151.0) or d)
    with pytest.raises(InputError, match="another piece of sky"):
        Field(frames(folder))


@pytest.mark.parametrize("content", [b"", b"no fits at all"])
def test_what_is_no_fits_is_refused(folder, content):
    frames(folder)["g"].write_bytes(content)
    with pytest.raises(InputError, match="no FITS file"):
        Field(frames(folder))


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file, folder or field"):
        gather([tmp_path / "frames" / "003918-3-0213"])
    with pytest.raises(InputError, match="no g, r, i frames"):
        gather([tmp_path])
