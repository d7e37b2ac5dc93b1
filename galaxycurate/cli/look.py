"""Commands that show: status, report, config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face, options


def status(
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    as_json: options.Json = False,
) -> None:
    """Where this project stands, and what to type next.

    Example: galaxycurate status
    """
    from galaxycurate.pipeline.status import status as look

    stands = look(options.settings(dataset=dataset, manifests=manifests))
    if as_json:
        face.answer_json(stands.as_dict())
        return
    if stands.simulated:
        face.answer("SIMULATED SKY: these are not SDSS data")
    if stands.empty:
        face.answer("nothing was made here yet")
    for manifest in stands.manifests:
        labels = ", ".join(f"{n:,} {label}" for label, n in manifest.labels.items())
        face.answer(f"{manifest.path}: {labels}")
    for path, why in stands.unread.items():
        face.answer(f"{path}: cannot be read ({why})")
    rows = {
        ": ".join(filter(None, (state, why))): n
        for state, reasons in stands.outcomes.items()
        for why, n in reasons.items()
    }
    rows |= {
        f"another picture {state}, the older one stays: {why}": n
        for state, reasons in stands.vain.items()
        for why, n in reasons.items()
    }
    rows |= {f"image of {label}": n for label, n in stands.images.items()}
    rows |= {f"pairs: {kind}": n for kind, n in stands.verdicts.items()}
    rows |= {f"audit: {kind}": n for kind, n in stands.audit.items()}
    if stands.audit:
        asked = f", catalogue of {stands.catalogue}" if stands.catalogue else ", no catalogue"
        rows |= {f"audit: left out of splits{asked}": stands.audit_left_out}
    rows |= {"groups": stands.groups} if stands.groups else {}
    if rows:
        face.answer(face.table(rows))
    if stands.splits:
        face.answer(face.grid(stands.splits))
    for step in stands.next:
        face.talk(f"next: {step.command}  ({step.why})")


def report(
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """One HTML page on the dataset: funnel, classes, contact sheets, sky, split proof, provenance.

    Example: galaxycurate report --out report.html
    """
    from galaxycurate.pipeline.report.gather import gather
    from galaxycurate.web.report import write

    facts = gather(options.settings(dataset=dataset, manifests=manifests))
    if as_json:
        face.answer_json(facts.as_dict())
        return
    if not dry_run:
        write(facts, out)
    size = f", {out.stat().st_size / 1e6:.1f} MB" if out.exists() else ""
    face.answer(f"{out}{' would be written' if dry_run else size}")


def config_show(as_json: options.Json = False) -> None:
    """Every setting, its value, and where the value comes from.

    Example: galaxycurate config show
    """
    from galaxycurate.store.settings import SPECS, load, masked

    settings = load()
    rows = {n: (getattr(settings, n), settings.origin(n)) for n in SPECS}
    rows["db"] = (masked(settings.db), rows["db"][1])
    if as_json:
        face.answer_json({n: {"value": v, "origin": o} for n, (v, o) in rows.items()})
        return
    wide = max(map(len, rows))
    for name, (value, origin) in rows.items():
        shown = value if value != "" else "-"
        face.answer(
            f"{name:<{wide}}  {shown!s:<28}  {origin:<18}  {SPECS[name].metadata['meaning']}"
        )


def config_set(
    name: Annotated[str, typer.Argument(help="The setting.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
) -> None:
    """Keep a value in galaxycurate.toml.

    Example: galaxycurate config set size_px 128
    """
    from galaxycurate.store.settings import masked, save

    path = save(name, value)
    face.answer(f"{path}: {name} = {masked(value) if name == 'db' else value}")
