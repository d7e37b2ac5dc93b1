"""Downloading against the usual clients: speed, cost, manners and truth, on one server in one run.

    python -m benchmarks.acquisition --peers PYTHON [--scenarios clean,faults] [--clients ...]

PYTHON is an interpreter that has img2dataset, parfive, requests, uvloop and psutil (or set
GALAXYCURATE_PEERS); without one, those peers that are installed here are run. Every scenario runs
all clients one after the other, each against a fresh server in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.acquisition_bench import OURS, bench, crash, installed, options, run, write_listing

RESULTS = Path(__file__).resolve().parent / "results" / "acquisition.json"
CONNECTIONS = 32


@dataclass(frozen=True)
class Scenario:
    """One of the bench's.

    ``limit`` is the images a second that its server allows, 0 where the clients are the limit.
    """

    name: str
    limit: float
    retries: int = 0
    timeout: float = 10.0
    reference: str = "reference"
    scheme: str = "http"


SCENARIOS = {
    "clean": Scenario("clean", CONNECTIONS / 0.1),
    "cpu": Scenario("cpu", 0),
    "wan+tls": Scenario("wan", CONNECTIONS / 0.1, scheme="https"),
    "faults": Scenario("faults", CONNECTIONS / 0.1, retries=4, timeout=5),
    "rate": Scenario("rate", 150, retries=5, reference="reference_adaptive"),
    "ban": Scenario("ban", 150, retries=5, reference="reference_adaptive"),
    "cap": Scenario("cap", 8 / 0.05, retries=5, reference="reference_adaptive"),
}
PEERS = ("img2dataset", "parfive", "aria2", "requests_threads", "aiohttp_gather")


def figures(result: dict, limit: float) -> dict:
    """A line of the table.

    ``served_per_s`` counts from the first request to the last, ``images_per_s`` from the start of
    the process to its end; ``of_limit`` is the former by what the server allows.
    """
    server, check = result["server"], result["check"]
    counts = server["counts"]
    asked = sum(n for what, n in counts.items() if what.startswith("method_"))
    refused = counts.get("http429", 0) + counts.get("http503_cap", 0)
    lost = {what: check.get(what, 0) for what in ("missing_silent", "missing_reported")}
    return {
        "good": result["good"],
        "images_per_s": round(result["good_per_s"], 1),
        "served_per_s": round(result["served_per_s"], 1),
        "of_limit": round(result["served_per_s"] / limit, 3) if limit else None,
        "cpu_ms": round(result["client_cpu_ms_per_good"], 3),
        "rss_mb": round(result["peak_rss_mb"]),
        "connections": server["connections"],
        "requests": asked,
        "heads": counts.get("method_HEAD", 0),
        "refused_percent": round(100 * refused / max(asked, 1), 2),
        "wrong_kept": check.get("wrong_silent", 0),
        "black_kept": check.get("permanent_as_good", 0),
        "lost_silent": lost["missing_silent"],
        "lost_told": lost["missing_reported"],
        "noise_cores": round(result["noise_cores"], 2),
        "exit": "limit" if result["timed_out"] else result["rc"],
    }


def middle(runs: list[dict]) -> dict:
    """The median of each figure; of those that count errors, the worst."""
    worst = ("wrong_kept", "black_kept", "lost_silent", "lost_told", "exit")
    return {
        name: max((r[name] for r in runs), key=str)
        if name in worst or runs[0][name] is None
        else statistics.median(r[name] for r in runs)
        for name in runs[0]
    }


def show(title: str, table: dict[str, dict]) -> None:
    """A scenario as a Markdown table."""
    names = list(table[OURS])
    print(f"\n### {title}\n\n| client | {' | '.join(names)} |\n|---" + "|---" * len(names) + "|")
    for client, line in table.items():
        print(f"| {client} | " + " | ".join(str(line[name]) for name in names) + " |")


def goals(name: str, table: dict[str, dict], reference: str) -> dict[str, bool]:
    """What was promised for a scenario, and whether it is so."""
    ours, other = table[OURS], {k: v for k, v in table.items() if k != OURS}
    said = {"nothing wrong kept, nothing lost in silence": not (
        ours["wrong_kept"] or ours["black_kept"] or ours["lost_silent"]
    )}  # fmt: skip
    if name == "clean":
        said["within 5 % of connections / latency"] = ours["of_limit"] >= 0.95
        said["memory under 120 MB"] = ours["rss_mb"] < 120
    if name in ("clean", "cpu") and reference in other:
        said["CPU no more than the reference"] = ours["cpu_ms"] <= other[reference]["cpu_ms"]
    if name == "wan+tls" and "img2dataset" in other:
        peer = other["img2dataset"]
        said["three times img2dataset"] = ours["images_per_s"] >= 3 * peer["images_per_s"]
        said["a tenth of its CPU"] = ours["cpu_ms"] <= peer["cpu_ms"] / 10
    if name in ("rate", "ban", "cap"):
        said[f"{0.75 if name == 'cap' else 0.85} of what is allowed"] = ours["of_limit"] >= (
            0.75 if name == "cap" else 0.85
        )
    if name in ("rate", "ban"):
        said["1 % refused at most"] = ours["refused_percent"] <= 1
    if name in ("faults", "rate", "ban", "cap"):
        whole = [line["images_per_s"] for line in other.values() if not _loses(line)]
        said["no slower than the best that loses nothing"] = ours["images_per_s"] >= max(
            whole, default=0
        )
    return said


def _loses(line: dict) -> bool:
    wrong = ("wrong_kept", "black_kept", "lost_silent", "lost_told")
    return any(line[what] for what in wrong) or line["exit"] == "limit"


def clients_of(scenario: Scenario, given: argparse.Namespace) -> list[str]:
    """Who runs: those that were asked for and are installed; ours and the reference always."""
    always = [OURS, scenario.reference]
    peers = [name for name in PEERS if not given.clients or name in given.clients.split(",")]
    return [name for name in always + peers if installed(name, given.peers)]


def measure(name: str, given: argparse.Namespace) -> dict:
    """All clients in one scenario, in turns."""
    scenario = SCENARIOS[name]
    args = options(
        given.work,
        write_listing(given.work, given.n, scenario.scheme),
        scenario=scenario.name,
        retries=scenario.retries,
        timeout=scenario.timeout,
        wait_quiet=given.wait_quiet,
    )
    runs: dict[str, list[dict]] = {c: [] for c in clients_of(scenario, given)}
    for _ in range(given.repeat):
        for client in runs:
            result = run(args, client, given.peers)
            runs[client].append(figures(result, scenario.limit))
            print(".", end="", flush=True, file=sys.stderr)
    table = {client: middle(lines) for client, lines in runs.items()}
    show(f"{name}, {given.n:,} images", table)
    said = goals(name, table, scenario.reference)
    print(
        "\n" + "\n".join(f"- {'reached' if so else 'MISSED'}: {what}" for what, so in said.items())
    )
    return {"clients": table, "goals": said}


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    peers = os.environ.get("GALAXYCURATE_PEERS", sys.executable)
    parser.add_argument("--peers", default=peers, metavar="PYTHON")
    parser.add_argument("--scenarios", default=",".join([*SCENARIOS, "crash"]))
    parser.add_argument("--clients", default="", help="these peers only; the reference always")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--wait-quiet", type=float, default=0.0, metavar="CORES",
                        help="wait until all else on the machine uses less")  # fmt: skip
    parser.add_argument("--work", type=Path, default=Path("/tmp/galaxycurate-bench"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(argv)


def show_crashes(given: argparse.Namespace) -> None:
    """Three kills, the run that finishes, and one with nothing to do: a line for each client."""
    clients = ",".join(clients_of(SCENARIOS["clean"], given))
    listing = write_listing(given.work, min(given.n, 3000))
    print("\n### kill -9 three times, then a repetition with nothing to do\n")
    crash(options(given.work, listing, scenario="slowbody", client=clients), given.peers)


def main(argv: list[str] = ()) -> None:
    given = parse(list(argv))
    if bench() is None:
        print("acquisition: skipped, the bench of downloaders is not beside this folder")
        return
    given.work.mkdir(parents=True, exist_ok=True)
    names = given.scenarios.split(",")
    found = {name: measure(name, given) for name in names if name != "crash"}
    if "crash" in names:
        show_crashes(given)
    given.results.parent.mkdir(exist_ok=True)
    text = json.dumps({"cores": os.cpu_count(), "n": given.n, "results": found}, indent=1)
    given.results.write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
