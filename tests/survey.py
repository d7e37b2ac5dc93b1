"""A simulated catalogue with the densities of SDSS, as large as one likes: tables, no pixels.

Fields are strips of drift scans: 13.5' x 9' each, six camcols a run, 35 % of the runs over the sky
of another run. Objects: 500 a field, 60 % galaxies, numbers growing by 10^0.45 a magnitude.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from galaxycurate.core.geometry import from_munu
from galaxycurate.core.ids import encode

ALONG, ACROSS = 0.1497, 0.2252
PER_FIELD = 500
GALAXIES = 0.6
FAINTEST_R = 22.5
SLOPE = 0.45
BLOCK = 500
ANSWERS = (
    "t01_smooth_or_features_a01_smooth", "t01_smooth_or_features_a02_features_or_disk",
    "t01_smooth_or_features_a03_star_or_artifact", "t02_edgeon_a04_yes", "t02_edgeon_a05_no",
    "t03_bar_a06_bar", "t03_bar_a07_no_bar", "t04_spiral_a08_spiral", "t04_spiral_a09_no_spiral",
    "t06_odd_a14_yes", "t07_rounded_a16_completely_round", "t07_rounded_a17_in_between",
    "t07_rounded_a18_cigar_shaped", "t08_odd_feature_a21_disturbed",
    "t08_odd_feature_a22_irregular", "t08_odd_feature_a24_merger", "t09_bulge_shape_a25_rounded",
    "t09_bulge_shape_a26_boxy", "t09_bulge_shape_a27_no_bulge",
)  # fmt: skip


def fields(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """`n` rows of Field."""
    number = np.arange(n)
    length = max(10, int(np.sqrt(n / 6) * 2))  # fields of one run and camcol
    scan, field = np.divmod(number, length)
    run, camcol = np.divmod(scan, 6)
    again = (run > 0) & (rng.random(run.max() + 1) < 0.35)[run]
    stripe = np.where(again, run - 1, run)
    incl = 5.0 + 2.6 * (stripe % 25)
    mu = 110.0 + field * ALONG + (stripe // 25) * 40 + 0.3 * ALONG * again
    nu = (camcol - 2.5) * 2 * ACROSS
    ra, dec = (np.empty(n) for _ in range(2))
    for value in np.unique(incl):
        of = incl == value
        ra[of], dec[of] = from_munu(mu[of] + ALONG / 2, nu[of] + ACROSS / 2, value)
    keys = {"run": 1000 + run, "camcol": camcol + 1, "field": field + 11}
    return {
        "fieldID": encode(**keys), **keys, "rerun": np.full(n, 301), "ra": ra, "dec": dec,
        "muStart": mu, "muEnd": mu + ALONG, "nuStart": nu, "nuEnd": nu + ACROSS,
        "score": rng.uniform(0.6, 1.0, n).astype(np.float32), "quality": np.full(n, 3),
        "photoStatus": np.zeros(n, int), "nTotal": np.full(n, PER_FIELD),
        "nGalaxy": np.full(n, int(PER_FIELD * GALAXIES)),
        "primaryArea": np.where(again, 0.0, 0.0336), "incl": incl,
    }  # fmt: skip


def objects(of: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Rows of PhotoObjAll for some fields."""
    k = np.repeat(np.arange(of["fieldID"].size), PER_FIELD)
    n = k.size
    mu = rng.uniform(of["muStart"][k], of["muEnd"][k])
    nu = rng.uniform(of["nuStart"][k], of["nuEnd"][k])
    ra, dec = (np.empty(n) for _ in range(2))
    for value in np.unique(of["incl"]):
        here = of["incl"][k] == value
        ra[here], dec[here] = from_munu(mu[here], nu[here], value)
    mag = FAINTEST_R + np.log10(rng.uniform(1e-4, 1, n)) / SLOPE
    obj = np.tile(np.arange(1, PER_FIELD + 1), of["fieldID"].size)
    return {
        "objID": of["fieldID"][k] + obj, "fieldID": of["fieldID"][k],
        "mode": np.where(of["primaryArea"][k] > 0, 1, 2), "nChild": np.zeros(n, int),
        "type": np.where(rng.random(n) < GALAXIES, 3, 6), "ra": ra, "dec": dec,
        "r": mag.astype(np.float32),
        "petroRad_r": (1.5 + 3 * 10 ** (0.2 * (20 - mag))).astype(np.float32),
    }  # fmt: skip


def votes(galaxies: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, dict]:
    """zooSpec and zoo2MainSpecz of some galaxies: the columns that are asked for."""
    n = galaxies["objID"].size
    real = lambda low=0.0: rng.uniform(low, 1, n).astype(np.float32)  # noqa: E731
    place = {name: galaxies[name].astype(np.float32) for name in ("ra", "dec")}
    dr7 = galaxies["objID"] - (1 << 59) - (261 << 48)
    gz1 = {"objid": galaxies["objID"], "dr7objid": dr7, **place, "nvote": rng.integers(5, 80, n)}
    el = real()
    for ending in ("", "_debiased"):
        gz1 |= {f"p_el{ending}": el, f"p_cs{ending}": 1 - el}
        el = np.clip(el + rng.normal(0, 0.05, n), 0, 1).astype(np.float32)
    gz1 |= {f"p_{answer}": real() for answer in ("cw", "acw", "edge", "dk", "mg")}
    gz1 |= {"spiral": gz1["p_cs_debiased"] > 0.8, "elliptical": gz1["p_el_debiased"] > 0.8}
    gz1 |= {"uncertain": ~gz1["spiral"] & ~gz1["elliptical"]}
    gz1 |= {name: gz1[name].astype(int) for name in ("spiral", "elliptical", "uncertain")}
    gz2 = {"dr8objid": galaxies["objID"], "dr7objid": dr7, **place}
    gz2 |= {"total_classifications": rng.integers(5, 60, n)}
    for answer in ANSWERS:
        gz2[f"{answer}_count"] = rng.integers(5, 40, n)
        for ending in ("debiased", "fraction"):
            gz2[f"{answer}_{ending}"] = real(0.6)
        gz2[f"{answer}_flag"] = (gz2[f"{answer}_debiased"] > 0.8).astype(int)
    for ending in ("debiased", "fraction"):
        smooth = real()
        gz2[f"t01_smooth_or_features_a01_smooth_{ending}"] = smooth
        gz2[f"t01_smooth_or_features_a02_features_or_disk_{ending}"] = 1 - smooth
    return {"zooSpec": gz1, "zoo2MainSpecz": gz2}


def write(folder: Path, n: int, seed: int = 1, *, zoo: int = 0) -> Path:
    """Tables of `n` fields in a folder: Field, PhotoObjAll, and the votes on so many galaxies."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    all_fields = fields(n, rng)
    told = {name: values for name, values in all_fields.items() if name != "incl"}
    pq.write_table(pa.table(told), folder / "Field.parquet")
    writer = None
    for first in range(0, n, BLOCK):
        some = {name: values[first : first + BLOCK] for name, values in all_fields.items()}
        made = objects(some, rng)
        block = pa.table(made)
        writer = writer or pq.ParquetWriter(folder / "PhotoObjAll.parquet", block.schema)
        writer.write_table(block)
    if writer is not None:
        writer.close()
    if zoo:
        bright = np.flatnonzero((made["type"] == 3) & (made["mode"] == 1))[:zoo]
        for name, table in votes({k: v[bright] for k, v in made.items()}, rng).items():
            pq.write_table(pa.table(table), folder / f"{name}.parquet")
    return folder
