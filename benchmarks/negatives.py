"""Negatives at survey scale: `galaxycurate negatives` against the literal range LEFT JOIN.

Both look for one galaxy-free 256-pixel window in every field of one simulated catalogue, by DuckDB
on two threads. The literal way: lay 40 windows into each field, LEFT JOIN the galaxies on ranges of
ra and dec, keep the windows without one. It measures by centres only, ours by discs and margins.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests import survey

RESULTS = Path(__file__).resolve().parent / "results"
WIDTH_DEG = 256 * 0.396127 / 3600
LITERAL_FIELDS = (100, 250, 500, 1000, 2500, 5000)
OUR_FIELDS = (*LITERAL_FIELDS, 10_000)
LITERAL = """
SELECT w.fieldID, w.ra, w.dec FROM windows AS w
LEFT JOIN PhotoObjAll AS p ON p.type = 3 AND p.r < 20
    AND p.dec BETWEEN w.dec - {half} AND w.dec + {half}
    AND p.ra BETWEEN w.ra - {half} / COS(RADIANS(w.dec)) AND w.ra + {half} / COS(RADIANS(w.dec))
WHERE p.objID IS NULL
"""


def ours(database: Path, n: int, folder: Path) -> dict:
    """The command itself, start-up and manifest included."""
    words = [
        sys.executable, "-m", "galaxycurate", "negatives", "--archive", f"local:{database}",
        "--limit", str(n), "--replace", "--json",
    ]  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    told = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "rss_mb": round(usage.ru_maxrss / 1024),
        "found": told["rows"],
    }


def questions(database: Path, n: int) -> float:
    """Seconds that the database takes for all questions of the same search."""
    from galaxycurate.pipeline.archive import archive_of
    from galaxycurate.pipeline.negatives import negatives
    from galaxycurate.store.settings import load

    settings = load({"archive": f"local:{database}", "limit": n}, folder=database.parent)
    archive, spent = archive_of(settings), 0.0
    run = archive.run

    def timed(query, **how):
        nonlocal spent
        started = time.perf_counter()
        answer = run(query, **how)
        spent += time.perf_counter() - started
        return answer

    negatives(settings, archive=archive)  # imports are done
    archive.run = timed
    negatives(settings, archive=archive)
    return round(spent, 2)


def literal(tables: Path) -> dict:
    """The query alone, on tables in memory."""
    import duckdb

    db = duckdb.connect()
    db.execute("SET threads = 2")
    for name in ("Field", "PhotoObjAll"):
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM '{tables}/{name}.parquet'")
    step = np.arange(-3.5, 4) * WIDTH_DEG, np.arange(-2, 3) * WIDTH_DEG
    offsets = ", ".join(f"({a:.6f}, {b:.6f})" for a in step[0] for b in step[1])
    db.execute(
        "CREATE TABLE windows AS SELECT f.fieldID, f.ra + o.x / COS(RADIANS(f.dec)) AS ra, "
        f"f.dec + o.y AS dec FROM Field AS f, (VALUES {offsets}) AS o(x, y)"
    )
    started = time.perf_counter()
    rows = db.sql(LITERAL.format(half=WIDTH_DEG / 2)).fetchall()
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "found": len({row[0] for row in rows}),
    }


def main() -> None:
    result: dict = {"ours": {}, "literal": {}}
    with tempfile.TemporaryDirectory() as made:
        for n in OUR_FIELDS:
            folder = Path(made) / str(n)
            tables = survey.write(folder / "tables", n)
            add = [sys.executable, "-m", "galaxycurate", "catalog", "add", "tables/Field.parquet",
                   "tables/PhotoObjAll.parquet", "--to", "catalog.duckdb"]  # fmt: skip
            started = time.perf_counter()
            subprocess.run(add, cwd=folder, check=True, capture_output=True)
            adding = round(time.perf_counter() - started, 1)
            result["ours"][n] = {
                **ours(Path("catalog.duckdb"), n, folder),
                "questions_s": questions(folder / "catalog.duckdb", n),
                "catalog_add_s": adding,
            }
            print(
                f"{n:>6} fields, {n * survey.PER_FIELD:,} objects: galaxycurate {result['ours'][n]}"
            )
            if n in LITERAL_FIELDS:
                result["literal"][n] = literal(tables)
                theirs, mine = result["literal"][n]["seconds"], result["ours"][n]
                print(
                    f"{'':>6} literal {result['literal'][n]}: {theirs / mine['seconds']:.1f}x the "
                    f"command, {theirs / mine['questions_s']:.1f}x its questions"
                )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "negatives.json").write_text(json.dumps(result, indent=1) + "\n")
    plot(result, RESULTS / "negatives.png")


def plot(result: dict, path: Path) -> None:
    """Seconds by the number of fields."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, style in (("literal", "s--"), ("ours", "o-")):
        points = sorted((int(n), value["seconds"]) for n, value in result[name].items())
        label = {"literal": "range LEFT JOIN", "ours": "galaxycurate negatives"}[name]
        axes.loglog(*zip(*points, strict=True), style, label=label)
    axes.set(xlabel="fields (500 objects each, simulated)", ylabel="seconds")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
