"""`galaxycurate download` under the arguments that the acquisition bench gives to every client.

The manifest lies beside the bench's CSV, with the ending `.parquet` (`benchmarks/acquisition.py`
writes it before any clock starts). All else is the command's own path: manifest, plan, pace,
checks, rename, sha256, ledger.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from galaxycurate.core.outcome import Status
from galaxycurate.imagery.job import Limits
from galaxycurate.pipeline.download.download import DownloadSummary, download
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings


def arguments() -> argparse.Namespace:
    """The arguments of every client of the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="CSV with id and url")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--timeout", type=float, default=10.0)
    parser.add_argument("--retries", type=int, default=0)
    return parser.parse_args()


def server_of(listing: Path) -> str:
    """The address that the first line asks."""
    with listing.open(newline="") as lines:
        return next(csv.DictReader(lines))["url"].split("/SkyServerWS", 1)[0]


def settings_for(server: str, out: Path) -> Settings:
    """No limit but the server's, and nothing remembered of earlier runs."""
    return Settings(server=server, dataset=str(out), rate=0, state=str(out / "state"))


def failures(settings: Settings, summary: DownloadSummary) -> dict[str, str]:
    """What our ledger says did not become a picture: reason by name."""
    if not (summary.rejected or summary.rejected_before or summary.failed):
        return {}
    with Ledger.open(settings.ledger_url) as ledger:
        return {
            line.name: f"{line.status}: {line.reason} {line.detail}"
            for status in (Status.REJECTED, Status.FAILED)
            for line in ledger.outcomes(status)
        }


def _run() -> None:
    args = arguments()
    settings = settings_for(server_of(args.manifest), args.out)
    limits = Limits(
        rate=0,
        concurrency=args.concurrency,
        retries=args.retries,
        connect_s=5,
        gap_s=args.timeout / 2,
        total_s=args.timeout,
    )
    summary = download(settings, [args.manifest.with_suffix(".parquet")], limits=limits)
    args.report.write_text(json.dumps({"failed": failures(settings, summary), "files": {}}))


if __name__ == "__main__":
    _run()
