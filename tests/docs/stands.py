"""What stands in for services, people and real files: laid ready while a block runs."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.archives import fileserver
from tests.docs import serving
from tests.docs.running import Reader
from tests.train.detect import sky as fields

ARCHIVE = "https://data.sdss.org"
SCHEDULER = "tcp://scheduler:8786"
TEAM = "postgresql+psycopg://me@host/sky"
RESNET18 = "resnet18-f37072fd.pth"  # as torchvision calls its weights
ZOOBOT, RESNET = "network.name=timm:convnext_nano", "network.name=timm:resnet10t"


def _link(folder: Path, pattern: str, to: Path) -> None:
    for path in folder.glob(pattern):
        (to / path.name).symlink_to(path)


def _go(name: str) -> Path:
    """Into a new folder with the settings of this one; where it lies."""
    there = Path(name).absolute()
    there.mkdir()
    shutil.copy("galaxycurate.toml", there)
    os.chdir(there)
    return there


@contextmanager
def sdss(_reader: Reader, _thing) -> Iterator[None]:
    """The sandbox with its small simulated sky, asked from a folder that was empty before."""
    if Path.cwd().name != "galaxies":
        _go("galaxies")
    yield


@contextmanager
def galaxy_zoo(reader: Reader, _thing) -> Iterator[None]:
    """data.galaxyzoo.org, as a server of the small table of the same name."""
    files = Path("galaxyzoo")
    files.mkdir()
    shutil.copy("../gz2_hart16.csv.gz", files)
    with fileserver.serving(files) as root:
        reader.more = {"galaxycurate catalogs fetch": ["--mirror", root]}
        yield
        reader.more = {}


@contextmanager
def sciserver(_reader: Reader, _thing) -> Iterator[None]:
    """The sandbox's own user, in a folder without manifests."""
    os.environ.update(SCISERVER_USER="sandbox", SCISERVER_PASSWORD="sandbox")
    there = _go("by-login")
    yield
    os.chdir(there.parent)


@contextmanager
def dask(reader: Reader, _thing) -> Iterator[None]:
    """A scheduler and a worker, in this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, protocol="tcp", silence_logs=50
    ) as cluster:
        reader.instead[SCHEDULER] = cluster.scheduler_address
        yield


@contextmanager
def team(reader: Reader, server: postgres.Server) -> Iterator[None]:
    """A database in which a colleague has shared a manifest; the password in ~/.pgpass."""
    secret = Path.home() / ".pgpass"
    secret.write_text(
        f"127.0.0.1:{server.port}:*:team:{postgres.PASSWORD.replace(':', chr(92) + ':')}\n"
    )
    secret.chmod(0o600)
    os.environ["PGPASSFILE"] = str(secret)  # libpq takes the home of the user database otherwise
    server.run("create database sky")
    reader.instead[TEAM] = f"postgresql+psycopg://team@127.0.0.1:{server.port}/sky"
    os.environ["GALAXYCURATE_DB"] = reader.instead[TEAM]
    reader.type(["galaxycurate", "manifests", "push", "manifests/positives.parquet"])
    Path("manifests/positives.parquet").unlink()
    del os.environ["GALAXYCURATE_DB"]
    yield
    assert Path("manifests/positives.parquet").exists()


def _decided(*reviewers: str) -> list[Path]:
    """decisions.csv, as a page downloads it: each keeps one picture and rejects another."""
    pictures = sorted(Path("dataset/images/spiral").glob("*.jpg"))[:2]
    said = [("label", "spiral", ""), ("reject", "", "a star")]
    with Path("decisions.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["path", "kind", "label", "reason", "reviewer"])
        for who in reviewers:
            for path, one in zip(pictures, said, strict=True):
                write.writerow([path.relative_to("dataset"), *one, who])
    return pictures


@contextmanager
def decisions(_reader: Reader, _thing) -> Iterator[None]:
    """What a person decided elsewhere; the split goes by it."""
    kept, rejected = _decided("anna")
    yield
    assert list(Path("dataset/split").rglob(kept.name))
    assert not list(Path("dataset/split").rglob(rejected.name))


@contextmanager
def eyes(reader: Reader, _thing) -> Iterator[None]:
    """Two people's decisions, and a network that is sure: what a person comes to."""
    if not Path("decisions.csv").exists():
        _decided("anna", "ben")
        reader.type(["galaxycurate", "review", "--apply", "decisions.csv"])
    reader.instead["p>0.9"] = "p>0"  # after one epoch no network is sure of anything
    yield


@contextmanager
def lessons(_reader: Reader, _thing) -> Iterator[None]:
    """Two small simulated fields, and what is on them."""
    for number in (1, 2):
        fields.write(Path("lessons"), name=f"007001-1-{number:04d}", seed=number, at=140 + number)
    yield
    shutil.rmtree("lessons")


@contextmanager
def smaller(reader: Reader, _thing) -> Iterator[None]:
    """A small network of timm in the place of a large one."""
    reader.instead[ZOOBOT] = RESNET
    yield


@contextmanager
def weights(reader: Reader, _thing) -> Iterator[None]:
    """Weights by chance, in the files that torchvision and Zoobot would have brought."""
    import torch

    models, timm = pytest.importorskip("torchvision.models"), pytest.importorskip("timm")
    os.environ["TORCH_HOME"] = str(Path("torch").absolute())
    place = Path("torch/hub/checkpoints")
    place.mkdir(parents=True)
    torch.save(models.resnet18().state_dict(), place / RESNET18)
    encoder = timm.create_model(RESNET.partition(":")[2], num_classes=0).state_dict()
    torch.save({"state_dict": {f"encoder.{k}": v for k, v in encoder.items()}}, "zoobot.ckpt")
    with smaller(reader, None):
        yield


@contextmanager
def two_classes(reader: Reader, _thing) -> Iterator[None]:
    """A tree of two classes for the preset that wants two."""
    shutil.copytree("dataset/split", "two/split", ignore=shutil.ignore_patterns("negative"))
    reader.for_one["galaxy10-binary"] = {"dataset/split": "two/split"}
    yield
    reader.for_one.clear()


@contextmanager
def archive(reader: Reader, shared: Path) -> Iterator[None]:
    """SDSS's archive, as a server of the real files that lie here."""
    files = Path("archive")
    files.mkdir()
    for folder in ("frames", "catalogs"):
        _link(shared / "sdss" / folder, "*004510*", files)
    with fileserver.serving(files) as root:
        reader.instead[ARCHIVE] = root
        yield


@contextmanager
def run_3900(_reader: Reader, shared: Path) -> Iterator[None]:
    """The files of one run, in a folder with no settings but those that everybody has."""
    Path("galaxycurate.toml").unlink()
    for name in ("photoField-003900-6.fits.gz", "photoObj-003900-6-0269.fits.gz"):
        Path(name).symlink_to(shared / "sdss" / "catalogs" / name)
    yield


@contextmanager
def real_sky(reader: Reader, shared: Path) -> Iterator[None]:
    """A sandbox with the real frames of one field and the catalogue of another; labels beside."""
    there = _go("real")
    for name, pattern in {"frames": "*003918*", "catalogs": "*"}.items():
        (there / "my-frames" / name).mkdir(parents=True)
        _link(shared / "sdss" / name, pattern, there / "my-frames" / name)
    (there / "pictures").symlink_to(there.parent / "images")
    labels = (there.parent / "labels.csv").read_text()
    (there / "labels.csv").write_text(labels.replace("gz1_leaf", "label"))
    before, told = reader.url, os.environ.pop("GALAXYCURATE_SERVER")
    with serving.sandbox("real:my-frames", "--folder", "sky-real") as reader.url:
        yield
    reader.url, os.environ["GALAXYCURATE_SERVER"] = before, told
    os.chdir(there.parent)
