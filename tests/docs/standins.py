"""Files of the names that the pages speak of, from a simulated sky: nothing is downloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord

from tests.catalogs.reading.test_hdf5 import write as write_hdf5
from tests.train import voted
from tests.train.detect import sky as fields

IDS = ("objID", "objid", "fieldID", "dr7objid", "dr8objid", "specobjid", "parentID", "thingId")


def lay(folder: Path, sky: Path) -> None:
    """Tables, pictures and frames, into the folder of a project whose dataset is there."""
    _tables(folder, sky / "tables")
    _pictures(folder)
    fields.write(folder / "frames" / "003918-3-0213", "003918-3-0213")
    for name in ("gals", "stars"):
        shutil.copy(next((folder / "frames").rglob("*.csv")), folder / f"{name}.csv")
    voted.write_challenge(folder, 24)
    for name in ("images_test_rev1", "more_images"):
        shutil.copytree(folder / "images_training_rev1", folder / name)
    shutil.copy(folder / "training_solutions_rev1.csv", folder / "more_images" / "votes.csv")
    images = np.random.default_rng(5).integers(1, 60, (75, 256, 256, 3), np.uint8)
    write_hdf5(folder / "Galaxy10_DECals.h5", images=images, chunks=(1, 256, 256, 3))


def _tables(folder: Path, tables: Path) -> None:
    for name in ("Field", "PhotoObjAll", "zooSpec"):
        pd.read_parquet(tables / f"{name}.parquet").to_csv(folder / f"{name}.csv", index=False)
    gz2 = pd.read_parquet(tables / "zoo2MainSpecz.parquet")
    gz2.to_csv(folder / "zoo2MainSpecz.csv.gz", index=False)
    gz2.to_csv(folder / "my_votes.csv", index=False)
    hart = gz2.drop(columns=["dr8objid", "specobjid"]).assign(gz2class="x")
    hart.to_csv(folder / "gz2_hart16.csv.gz", index=False)
    gz1 = pd.read_parquet(tables / "zooSpec.parquet")
    gz1.assign(**_in_hours(gz1), objid=gz1["dr7objid"]).drop(
        columns=["specobjid", "dr7objid", "rastring", "decstring"]
    ).to_csv(folder / "GalaxyZoo1_DR_table2.csv.gz", index=False)
    gz1[["objid", "ra", "dec"]].head(12).to_csv(folder / "mine.csv", index=False)


def _in_hours(table: pd.DataFrame) -> dict[str, list[str]]:
    places = SkyCoord(table["ra"].to_numpy() * u.deg, table["dec"].to_numpy() * u.deg)
    said = [place.to_string("hmsdms", sep=":", precision=2).split() for place in places]
    return {"ra": [ra for ra, _ in said], "dec": [dec for _, dec in said]}


def _pictures(folder: Path) -> None:
    """A collection with its table, a folder of pictures without one, another split."""
    rows = []
    (folder / "images").mkdir()
    (folder / "pictures").mkdir()
    for path in sorted((folder / "dataset" / "images").rglob("*.jpg")):
        shutil.copy(path, folder / "pictures" / path.name)
        if path.parent.name != "negative":
            shutil.copy(path, folder / "images" / path.name)
            leaf = {"spiral": "spiral_clockwise"}.get(path.parent.name, path.parent.name)
            rows.append({"objid": path.stem, "gz1_leaf": leaf})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    shutil.copy(path, folder / "galaxy.jpg")
    shutil.copytree(folder / "dataset" / "split", folder / "other" / "split")
