import errno
import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.errors import InputError, StorageError
from galaxycurate.store.images import ImageTree
from galaxycurate.store.shards import tree as shards
from galaxycurate.store.shards.index import Index
from galaxycurate.store.shards.samples import member_name, relative_name
from galaxycurate.store.shards.tree import ShardTree, open_tree

ROOT = Path(__file__).resolve().parents[3]


def body(n: int) -> bytes:
    """What image n holds; sizes around whole blocks, and an empty one."""
    return np.random.default_rng(n).bytes((0, 511, 512, 513, 1500)[n % 5])


def path(n: int) -> str:
    return f"images/{'spiral' if n % 3 else 'empty'}/{1237662226208063489 + n}.jpg"


@pytest.fixture
def small(monkeypatch):
    """Shards of seven images."""
    monkeypatch.setattr(shards, "MAX_IMAGES", 7)


def filled(root: Path, n_images: int = 20) -> ShardTree:
    tree = ShardTree(root)
    for n in range(n_images):
        tree.write(path(n), body(n), {"ra": float(n), "provider": "skyserver"})
    return tree


def tars(root: Path) -> list[Path]:
    return sorted((root / "shards").glob("*.tar"))


def in_tars(root: Path) -> Counter[str]:
    """The images that any reader of tar files finds, by how often."""
    found: Counter[str] = Counter()
    for file in tars(root):
        with tarfile.open(file) as tar:
            found.update(relative_name(n) for n in tar.getnames() if n.endswith(".jpg"))
    return found


def hold_all(root: Path, numbers) -> None:
    tree = ShardTree(root)
    for n in numbers:
        assert tree.read(path(n)) == body(n)
        assert tree.size(path(n)) == len(body(n))


def test_images_are_read_back_before_and_after_their_shard_is_closed(tmp_path, small):
    tree = filled(tmp_path)
    assert [file.name for file in tars(tmp_path)] == ["000000.tar", "000001.tar"]
    hold_all(tmp_path, range(20))  # six of them in the open shard, seen by another process
    tree.finish()
    assert len(tars(tmp_path)) == 3
    assert [p.name for p in (tmp_path / "shards/.open").iterdir()] == []
    hold_all(tmp_path, range(20))
    assert in_tars(tmp_path) == Counter(path(n) for n in range(20))
    assert sorted(ShardTree(tmp_path).paths()) == sorted(path(n) for n in range(20))


def test_the_webdataset_package_reads_the_shards(tmp_path, small):
    wds = pytest.importorskip("webdataset")
    filled(tmp_path).finish()
    urls = [str(file) for file in tars(tmp_path)]
    samples = {s["__key__"]: s for s in wds.WebDataset(urls, shardshuffle=False)}
    assert len(samples) == 20
    one = samples["spiral/1237662226208063490"]
    assert one["jpg"] == body(1)
    classes = (tmp_path / "shards" / "classes.txt").read_text().split()
    assert classes[int(one["cls"])] == "spiral"
    assert json.loads(one["json"]) == {"label": "spiral", "ra": 1.0, "provider": "skyserver"}


def test_webdataset_decodes_picture_and_class(tmp_path):
    wds = pytest.importorskip("webdataset")
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(out, "JPEG")
    tree = ShardTree(tmp_path)
    tree.write("images/a/b.jpg", out.getvalue())
    tree.finish()
    found = wds.WebDataset([str(tars(tmp_path)[0])], shardshuffle=False).decode("rgb8")
    picture, number = next(iter(found.to_tuple("jpg", "cls")))
    assert picture.shape == (8, 8, 3)
    assert number == 0


@pytest.mark.parametrize("name", ["a.b", "a.b.c", "J1234.5+6", "n" * 150, "plain"])
def test_a_name_with_dots_and_a_long_one_survive_and_have_a_key_of_their_own(tmp_path, name):
    tree = ShardTree(tmp_path)
    relative = tree.relative("spiral", name, "png")
    assert relative_name(member_name(relative)) == relative
    tree.write(relative, b"one")
    tree.write(tree.relative("spiral", name + ".x", "png"), b"two")
    tree.finish()
    assert (tree.read(relative), ShardTree(tmp_path).size(relative)) == (b"one", 3)
    with tarfile.open(tars(tmp_path)[0]) as tar:
        keys = {Path(member).name.split(".")[0] for member in tar.getnames()}
    assert len(keys) == 2


def test_an_image_written_twice_lies_there_once(tmp_path, small):
    for _ in range(2):
        filled(tmp_path).finish()
    assert set(in_tars(tmp_path).values()) == {1}
    assert len(tars(tmp_path)) == 3


@pytest.mark.parametrize("closed", [True, False])
def test_a_replaced_image_is_the_new_one_at_once_and_the_only_one_after_finish(
    tmp_path, small, closed
):
    tree = filled(tmp_path, 10)
    changed = 2 if closed else 9
    tree.write(path(changed), b"new")
    for seen in (tree, ShardTree(tmp_path)):
        assert seen.read(path(changed)) == b"new"
    tree.finish()
    assert in_tars(tmp_path) == Counter(path(n) for n in range(10))
    assert ShardTree(tmp_path).read(path(changed)) == b"new"
    hold_all(tmp_path, set(range(10)) - {changed})


@pytest.mark.parametrize("closed", [True, False])
def test_what_is_set_aside_is_gone_from_the_shards_and_keeps_its_bytes(tmp_path, small, closed):
    tree = filled(tmp_path, 10)
    gone = 3 if closed else 8
    tree.set_aside(path(gone))
    for seen in (tree, ShardTree(tmp_path)):
        assert seen.size(path(gone)) is None
    tree.finish()
    assert path(gone) not in in_tars(tmp_path)
    aside = tmp_path / "set_aside" / Path(path(gone)).relative_to("images")
    assert aside.read_bytes() == body(gone)
    hold_all(tmp_path, set(range(10)) - {gone})


def test_a_shard_of_which_nothing_is_left_vanishes(tmp_path, small):
    tree = filled(tmp_path, 7)
    for n in range(7):
        tree.set_aside(path(n))
    tree.finish()
    assert tars(tmp_path) == []
    assert list(ShardTree(tmp_path).paths()) == []


def test_lost_and_torn_indexes_are_made_again_of_the_tar(tmp_path, small):
    filled(tmp_path).finish()
    index = tmp_path / "shards" / ".index"
    (index / "000000").unlink()
    (index / "000001").write_bytes(b"torn")
    hold_all(tmp_path, range(20))
    tree = ShardTree(tmp_path)
    tree.set_aside(path(1))
    with (index / "000000").open("ab") as file:
        file.write(b"half a line")
    tree.set_aside(path(2))
    hold_all(tmp_path, range(3, 20))
    assert [ShardTree(tmp_path).size(path(n)) for n in (1, 2)] == [None, None]


def test_an_open_shard_cut_anywhere_gives_its_whole_samples_and_is_gone_on_with(tmp_path):
    whole = filled(tmp_path, 6)
    file = next((tmp_path / "shards" / ".open").iterdir())
    raw = file.read_bytes()
    ends = [member.end for member in whole._open.members]
    whole._open.release()
    random.seed(4)
    for cut in {
        0,
        1,
        *ends,
        *(e + 1 for e in ends),
        *(random.randrange(len(raw)) for _ in range(40)),
    }:
        file.write_bytes(raw[:cut])
        n_whole = sum(end <= cut for end in ends)
        tree = ShardTree(tmp_path)
        assert [tree.size(path(n)) is not None for n in range(6)] == [n < n_whole for n in range(6)]
        tree.write(path(99), body(99))
        assert file.stat().st_size == tree._open.length
        tree._open.release()
        hold_all(tmp_path, [*range(n_whole), 99])


def test_threads_write_at_once(tmp_path, small):
    tree = ShardTree(tmp_path)

    def work(first: int) -> None:
        for n in range(first, 120, 4):
            tree.write(path(n), body(n))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tree.finish()
    hold_all(tmp_path, range(120))
    assert set(in_tars(tmp_path).values()) == {1}


def test_processes_write_at_once_each_into_shards_of_its_own(tmp_path, small):
    one, two = ShardTree(tmp_path), pickle.loads(pickle.dumps(ShardTree(tmp_path)))
    for n in range(40):
        (one, two)[n % 2].write(path(n), body(n))
    one.write(path(50), b"same")
    two.write(path(50), b"same")  # as when a worker was thought dead
    one.close()
    two.close()
    ShardTree(tmp_path).finish()
    assert set(in_tars(tmp_path).values()) == {1}
    hold_all(tmp_path, range(40))
    names = [file.name for file in tars(tmp_path)]
    assert names == [f"{n:06d}.tar" for n in range(len(names))]


def test_images_that_lie_as_files_stay_and_give_way_to_a_new_one(tmp_path):
    files = ImageTree(tmp_path)
    files.write("images/a/old.jpg", b"old")
    files.write("images/a/again.jpg", b"before")
    tree = ShardTree(tmp_path)
    tree.write("images/a/again.jpg", b"after")
    tree.finish()
    assert (tree.read("images/a/old.jpg"), tree.size("images/a/again.jpg")) == (b"old", 5)
    assert sorted(tree.paths()) == ["images/a/again.jpg", "images/a/old.jpg"]
    with pytest.raises(InputError):
        tree.read("images/a/none.jpg")
    tree.set_aside("images/a/none.jpg")


def test_a_dataset_keeps_its_layout(tmp_path):
    assert isinstance(open_tree(tmp_path), ImageTree)
    filled(tmp_path, 1).finish()
    assert isinstance(open_tree(tmp_path), ShardTree)
    assert isinstance(open_tree(tmp_path / "new", "webdataset"), ShardTree)


def test_a_reader_follows_shards_that_are_rewritten_meanwhile(tmp_path, small):
    writer = filled(tmp_path)
    reader = ShardTree(tmp_path)
    assert reader.size(path(1)) == len(body(1))
    for n in (0, 7, 14):
        writer.set_aside(path(n))
    writer.finish()
    assert [reader.read(path(n)) for n in range(1, 7)] == [body(n) for n in range(1, 7)]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "dataset").write_text("a file in the way")
    with pytest.raises(StorageError, match=r"cannot write .*dataset/shards"):
        ShardTree(tmp_path / "dataset").write("images/a/b.jpg", b"body")


def test_a_million_images_are_found_by_tables_and_not_by_objects():
    index = Index()
    for n in range(40_000):  # more than are kept unsorted
        index.put(f"images/a/{n}.jpg", (n % 7, n, n + 1))
    for n in range(0, 40_000, 3):
        index.put(f"images/a/{n}.jpg", None if n % 2 else (9, n, 1))
    for n in range(0, 40_000, 101):
        expected = (n % 7, n, n + 1) if n % 3 else None if n % 2 else (9, n, 1)
        assert index.find(f"images/a/{n}.jpg") == expected
    assert index.find("images/a/x.jpg") is None


WRITER = """
import sys
from pathlib import Path
from galaxycurate.store.shards import tree as shards
from tests.store.shards.test_shards import body, path
shards.MAX_IMAGES = 7
tree = shards.ShardTree(Path(sys.argv[1]))
tree.clean()
known = Path(sys.argv[2])
done = {int(line) for line in known.read_text().split()}
with known.open("a", buffering=1) as ledger:
    print("ready", flush=True)
    for n in range(400):
        if n not in done:
            tree.write(path(n), body(n))
            ledger.write(f"{n}\\n")
tree.finish()
"""


def test_kills_lose_nothing_acknowledged_and_leave_nothing_twice(tmp_path):
    """Killed again and again; each run goes on, as download does, with what the ledger lacks."""
    known, rng = tmp_path / "ledger", random.Random(8)
    known.touch()
    for is_last in [*[False] * 12, True]:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "data"), str(known)],
            stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert writer.stdout.readline() == b"ready\n"
        try:
            writer.wait(60 if is_last else rng.uniform(0.0, 0.02))
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
            writer.wait(20)
        acknowledged = [int(line) for line in known.read_text().split()]
        hold_all(tmp_path / "data", acknowledged)
    assert acknowledged == list(range(400))
    assert in_tars(tmp_path / "data") == Counter(path(n) for n in range(400))
    assert not list((tmp_path / "data/shards/.open").iterdir())


def test_a_link_to_nowhere_is_named_and_ends_it(tmp_path, small):
    filled(tmp_path).finish()
    (tmp_path / "shards" / "000009.tar").symlink_to("/nowhere/x.tar")
    with pytest.raises(StorageError, match=r"cannot read the shard .*000009\.tar: No such file"):
        ShardTree(tmp_path).size(path(1))


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_who_cannot_write_an_index_reads_without(tmp_path, small, monkeypatch, number):
    filled(tmp_path).finish()
    for index in (tmp_path / "shards" / ".index").iterdir():
        index.unlink()

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("galaxycurate.store.shards.folder.save_places", refuse)
    hold_all(tmp_path, range(20))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from galaxycurate.errors import StorageError
from galaxycurate.store.shards.tree import ShardTree
from tests.store.shards.test_shards import body, path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
root = Path(sys.argv[1])
tree = ShardTree(root)
tree.write(path(1), body(1))
size = next((root / "shards/.open").glob("*.tar")).stat().st_size
for room in (0, 100):  # not a byte more, and the first bytes of the end
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY))
    for attempt in (tree.close, tree.finish, lambda: tree.write(path(2), body(4))):
        try:
            attempt()
        except StorageError as error:
            print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
tree.write(path(3), body(3))
tree.finish()
"""


def test_a_full_disk_is_told_in_words_and_what_was_written_stays(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert len(said) == 6
    assert {line.partition(": ")[0] for line in said} == {"the disk is full"}
    hold_all(tmp_path, [1, 3])
    assert in_tars(tmp_path) == Counter([path(1), path(3)])


def test_a_download_can_be_imported_where_there_are_no_such_locks():
    script = """
import sys
sys.modules["fcntl"] = None
import galaxycurate.pipeline.download.download
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
