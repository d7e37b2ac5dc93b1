"""HDF5 collections: made in the layout of Galaxy10, stored in every way that files are found in."""

import sys
import zlib

import h5py
import numpy as np
import pytest

from galaxycurate.catalogs.reading.hdf5 import Images, columns_of, read_table
from galaxycurate.catalogs.table import Note
from galaxycurate.errors import IdentityError, InputError, LayoutError

N = 75


def write(path, n=N, side=40, images=None, **stored):
    """A file as Galaxy10 DECaLS; `stored` says how its images are."""
    rng = np.random.default_rng(5)
    if images is None:
        images = rng.integers(0, 40, (n, side, side, 3), np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **stored)
        file["ans"] = rng.integers(0, 10, n, dtype=np.uint8)
        file["ra"], file["dec"] = rng.random(n) * 360, rng.random(n) * 90
        file["redshift"], file["pxscale"] = rng.random(n) * 0.2, np.full(n, 0.262)
    return images


def change(path, name, values):
    with h5py.File(path, "a") as file:
        del file[name]
        if values is not None:
            file[name] = values


STORED = {
    "one image a chunk": dict(chunks=(1, 40, 40, 3), compression="gzip"),
    "as h5py chooses": dict(compression="gzip"),
    "chunks that do not fit": dict(chunks=(7, 16, 32, 2), compression="gzip"),
    "many images a chunk": dict(chunks=(50, 40, 40, 3), compression="gzip"),
    "shuffled": dict(chunks=(4, 40, 40, 3), compression="gzip", shuffle=True),
    "lzf": dict(chunks=(4, 40, 40, 3), compression="lzf"),
    "with checksums": dict(chunks=(4, 40, 40, 3), compression="gzip", fletcher32=True),
    "contiguous": {},
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_images_come_out_as_they_went_in(tmp_path, stored):
    path = tmp_path / "some.h5"
    images = write(path, **stored)
    with Images(path) as file:
        rows = [row for block in file.blocks() for row in block]
        read = [image for block in file.blocks() for image in file.read(block)]
        assert len(file) == N
    assert rows == list(range(N))
    assert (np.array(read) == images).all()


def test_zlib_does_where_isal_is_absent(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "isal", None)
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    images = write(tmp_path / "some.h5", **STORED["one image a chunk"])
    with Images(tmp_path / "some.h5") as file:
        assert (np.array(list(file.read(range(0, 5)))) == images[:5]).all()


def test_chunks_that_were_never_written_are_the_fill_value(tmp_path):
    with h5py.File(tmp_path / "holes.h5", "w") as file:
        data = file.create_dataset(
            "images", (40, 8, 8, 3), "u1", chunks=(1, 8, 8, 3), compression="gzip", fillvalue=7
        )
        data[3] = 200
    with Images(tmp_path / "holes.h5") as file:
        (block,) = [np.array(list(file.read(rows))) for rows in file.blocks() if 3 in rows]
    assert (block[3] == 200).all()
    assert (block[4] == 7).all()


def test_a_damaged_chunk_is_named(tmp_path):
    path = tmp_path / "some.h5"
    write(path, **STORED["one image a chunk"])
    with h5py.File(path) as file:
        place = file["images"].id.get_chunk_info(40).byte_offset
    with path.open("r+b") as file:
        file.seek(place + 200)
        file.write(bytes(400))
    with (
        Images(path) as file,
        pytest.raises(InputError, match=r"some.h5: images 32 to 63 cannot be read: ") as told,
    ):
        [list(file.read(rows)) for rows in file.blocks()]
    assert "sha256" in told.value.hint


def test_a_file_that_was_cut_off_is_no_hdf5(tmp_path):
    path = tmp_path / "some.h5"
    write(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"some.h5 cannot be read as HDF5: ") as told:
        columns_of(path)
    assert "cut off" in told.value.hint


def test_columns_keep_their_own_types(tmp_path):
    write(tmp_path / "some.h5")
    columns = columns_of(tmp_path / "some.h5")
    assert sorted(columns) == ["ans", "dec", "pxscale", "ra", "redshift"]
    assert columns["ans"].dtype == np.uint8
    assert columns["ra"].dtype == np.float64


def test_the_table_is_known_by_its_columns_and_rows_by_their_numbers(tmp_path):
    write(tmp_path / "download.h5", n=120, side=256)
    table = read_table(tmp_path / "download.h5")
    assert (table.catalog, len(table)) == ("galaxy10-decals", 120)
    what = "another number of rows than the 17,736 of Galaxy10_DECals as published"
    assert table.notes == (Note("", what, 120),)
    assert table.name[[0, 7, 119]].tolist() == ["000", "007", "119"]
    assert not table.key.any()
    assert set(table.columns) == {"ans", "redshift", "pxscale"}


def test_images_of_another_side_are_a_collection_of_the_users_own(tmp_path):
    write(tmp_path / "Galaxy10_DECals.h5")
    table = read_table(tmp_path / "Galaxy10_DECals.h5")
    assert (table.catalog, table.table, table.notes) == ("", "", ())


def test_ids_in_hdf5_are_kept_exactly(tmp_path):
    ids = 1237648720693755918 + np.arange(N)
    write(tmp_path / "some.h5")
    with h5py.File(tmp_path / "some.h5", "a") as file:
        file["objid"] = ids
    table = read_table(tmp_path / "some.h5")
    assert (table.objid == ids).all()
    assert (table.columns["objid"] == ids).all()
    change(tmp_path / "some.h5", "objid", ids.astype(float))
    with pytest.raises(IdentityError, match=r"some\.h5: column objid holds ids that went through"):
        read_table(tmp_path / "some.h5")


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
def test_a_chunk_says_for_each_filter_whether_it_was_left_out(tmp_path, mask):
    path = tmp_path / "some.h5"
    images = write(path, chunks=(1, 40, 40, 3), compression="gzip", shuffle=True)
    body = images[5].tobytes()
    with h5py.File(path, "a") as file:  # shuffle has the first bit, deflate the second
        chunk = body if mask & 2 else zlib.compress(body)
        file["images"].id.write_direct_chunk((5, 0, 0, 0), chunk, filter_mask=mask)
    with Images(path) as file:
        assert (np.array(list(file.read(range(5, 6)))) == images[5]).all()


def test_a_redshift_that_repeats_dec_is_left_out_with_a_note(tmp_path):
    path = tmp_path / "some.h5"
    write(path)
    change(path, "redshift", columns_of(path)["dec"])
    table = read_table(path)
    assert "redshift" not in table.columns
    (note,) = table.notes
    assert (note.column, note.what, note.rows) == ("redshift", "repeats dec: left out", N)


def test_wrong_files_say_what_is_wrong(tmp_path):
    path = tmp_path / "some.h5"
    write(path)
    change(path, "ans", np.zeros(N - 1, np.uint8))
    with pytest.raises(InputError, match=r"lengths of their own \(ans 74, dec 75"):
        read_table(path)
    write(path)
    change(path, "dec", np.full(N, 90.5))
    with pytest.raises(InputError, match=r"dec of 75 rows is outside -90 to 90 .*row 0: 90.5"):
        read_table(path)
    change(path, "images", np.zeros((N, 8, 8), np.float32))
    with pytest.raises(LayoutError, match=r"holds no images: images is float32 of shape \(75, 8"):
        Images(path)
    with h5py.File(path, "w") as file:
        file["spectra"] = np.zeros((2, 2))
    with pytest.raises(InputError, match="holds no columns, only spectra"):
        read_table(path)
    with pytest.raises(LayoutError, match="holds no images: no images"):
        Images(path)
