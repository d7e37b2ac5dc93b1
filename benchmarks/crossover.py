"""Cutouts one by one, or frames and cutouts drawn from them: who is kinder, by cutouts a field.

Real frames behind the sandbox. Requests and bytes are counted as they come. Seconds and CPU are of
this machine, one field, no pace: ``skyserver``'s seconds are those of the sandbox that draws for
it, not SDSS's. "at 2/s" is computed: requests divided by the courteous two a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.projection import projection
from galaxycurate.imagery.cost import cost
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.providers.known import providers

RESULTS = Path(__file__).resolve().parent / "results"
FRAMES = Path(__file__).resolve().parents[2] / "shared" / "data" / "sdss"
WHERE = (3918, 3, 213)
NAMES = ("skyserver", "frames", "frames-irg")
PER_FIELD = (1, 2, 3, 5, 10, 20, 50, 100, 200)
SIZE_PX, PIXSCALE, COURTEOUS = 256, 0.396127, 2.0


@dataclass
class Measured:
    """One provider, one number of cutouts."""

    cutouts: int
    kept: int = 0
    requests: int = 0
    n_bytes: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    def count(self, provider) -> None:
        """Listen to what a provider is answered."""
        bring = provider.bring

        async def watched(job, ask):
            async def counting(url, headers=None):
                reply = await (ask(url, headers) if headers else ask(url))
                self.requests += 1
                self.n_bytes += len(reply.body)
                return reply

            return await bring(job, counting)

        provider.bring = watched

    def keep(self, job, body, origin):
        """Take a picture (`Sink`)."""

    def reject(self, job, body, reason):
        """Take what is none (`Sink`)."""

    def settle(self, result):
        """Count a result (`Sink`)."""
        self.kept += result.status == "ok"

    def beat(self, lanes):
        """Nothing to show (`Sink`)."""


def make_sky(folder: Path) -> Path:
    """A sky of one real field."""
    for name in ("frames", "tables"):
        (folder / name).mkdir(parents=True)
    run, camcol, field = WHERE
    (folder / "tables" / "Field.csv").write_text(f"run,camcol,field\n{run},{camcol},{field}\n")
    (folder / "sky.toml").write_text('kind = "real"\nname = "one field"\n')
    for path in FRAMES.glob(f"*/frame-*-{run:06d}-{camcol}-{field:04d}.*"):
        (folder / "frames" / path.name).symlink_to(path)
    return folder


def jobs(n: int) -> list[Job]:
    """Cutouts anywhere in the field, whole in each of the ways."""
    from galaxycurate.sandbox.frames import read_header

    header = read_header(FRAMES / "frames" / "frame-r-{:06d}-{}-{:04d}.fits.bz2".format(*WHERE))
    rng, to_sky = np.random.default_rng(n), np.linalg.inv(projection(header))
    found = []
    for k in range(n):
        x, y, z = to_sky @ [rng.uniform(240, 1800), rng.uniform(240, 1240), 1.0]
        ra, dec = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
        found.append(Job(float(ra), float(dec), PIXSCALE, SIZE_PX, path=str(k), field=WHERE))
    return found


def measure(server: str, name: str, n: int) -> Measured:
    """All cutouts by one provider."""
    (provider,) = providers([name], server=server, release="dr17")
    result, wanted = Measured(n), jobs(n)
    result.count(provider)
    wall, cpu = time.perf_counter(), time.process_time()
    fetch(iter(wanted), [provider], result, Limits(rate=0.0, concurrency=4))
    result.seconds = round(time.perf_counter() - wall, 2)
    result.cpu_s = round(time.process_time() - cpu, 2)
    return result


def row(name: str, n: int, it: Measured) -> str:
    told = cost(name, cutouts=n, pixels=n * SIZE_PX**2, fields=1)
    return (
        f"{n:>8} {name:<11} {it.kept:>5} {it.requests:>8} {told.requests:>9}"
        f" {it.n_bytes / 1e6:>8.2f} {told.n_bytes / 1e6:>9.2f}"
        f" {it.seconds / n:>9.3f} {1e3 * it.cpu_s / n:>8.1f} {it.requests / COURTEOUS:>8.1f}"
    )


def main() -> None:
    if not FRAMES.is_dir():
        print("crossover: skipped, ../shared/data with real frames is absent")
        return
    print(__doc__)
    print(
        f"{'cutouts':>8} {'provider':<11} {'kept':>5} {'requests':>8} {'estimated':>9} {'MB':>8}"
        f" {'estimated':>9} {'s/cutout':>9} {'CPU ms':>8} {'s at 2/s':>8}"
    )
    result: dict[str, dict[int, dict]] = {name: {} for name in NAMES}
    with tempfile.TemporaryDirectory() as made:
        command = [sys.executable, "-m", "galaxycurate", "sandbox", "serve", "--port", "0"]
        sky = make_sky(Path(made) / "sky")
        serving = subprocess.Popen([*command, "--sky", sky], stdout=subprocess.PIPE, text=True)
        try:
            assert serving.stdout is not None
            server = serving.stdout.readline().strip()
            measure(server, "skyserver", 1)  # the sandbox has read its frames
            for n in PER_FIELD:
                for name in NAMES:
                    it = measure(server, name, n)
                    assert it.kept == n
                    result[name][n] = asdict(it)
                    print(row(name, n, it), flush=True)
        finally:
            serving.terminate()
            serving.wait(20)
    for what in ("requests", "n_bytes"):
        for name in NAMES[1:]:
            print(f"{what}: {name} is kinder than skyserver from {kinder(result, name, what)}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "crossover.json").write_text(json.dumps(result, indent=1) + "\n")


def kinder(result: dict, name: str, what: str) -> str:
    """The least of the measured numbers of cutouts in a field from which a provider costs less."""
    n = next((n for n in PER_FIELD if result[name][n][what] < result["skyserver"][n][what]), None)
    if n is not None:
        return f"{n} cutouts a field on"
    each = result["skyserver"][PER_FIELD[-1]][what] / PER_FIELD[-1]
    return f"{result[name][PER_FIELD[-1]][what] / each:.0f} cutouts a field on (extrapolated)"


if __name__ == "__main__":
    main()
