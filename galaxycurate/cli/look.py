"""Commands that show: status, report, config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import completion, face, options


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
    rows |= {"audit: left out of splits": stands.audit_left_out} if stands.audit else {}
    rows |= {f"decisions: {kind}": n for kind, n in stands.decisions.items()}
    rows |= {f"decisions by {who}": n for who, n in stands.reviewers.items()}
    rows |= {f"people: {face.PEOPLE[what]}": n for what, n in stands.decided.items() if n}
    rows |= {"groups": stands.groups} if stands.groups else {}
    if rows:
        face.answer(face.table(rows))
    if stands.audit:
        face.answer(f"  the audit asked {stands.catalogue or 'no catalogue'}")
    if stands.splits:
        face.answer(face.grid(stands.splits))
    for step in stands.next:
        face.talk(f"next: {step.command}  ({step.why})")


def report(
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    no_shortcuts: Annotated[
        bool,
        typer.Option(
            "--no-shortcuts", help="Do not look for shortcuts: no picture is read for it."
        ),
    ] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Can this dataset be trusted? One HTML page that says so, and why; a datasheet beside it.

    Example: galaxycurate report --out report.html
    """
    from galaxycurate.pipeline.report.gather import gather
    from galaxycurate.pipeline.report.summary import WORDS, in_a_word, next_command
    from galaxycurate.store.files import check_page
    from galaxycurate.web import datasheet
    from galaxycurate.web.report import write

    if not as_json:
        check_page(out, option="--out")
    settings = options.settings(dataset=dataset, manifests=manifests)
    with face.progress_bar("report") as bar:
        facts = gather(settings, shortcuts=not no_shortcuts, keep=not dry_run, progress=bar)
    if not (dry_run or as_json):
        sheet = datasheet.write(facts, out.with_name(datasheet.NAME))
        write(facts, out)
    if as_json:
        face.answer_json(facts.as_dict())
        return
    face.answer(in_a_word(facts.summary))
    for line in facts.summary:
        face.answer(f"  {line.about:<10} {WORDS[line.level]:<10} {line.text}")
    if facts.tested.flaw:
        face.talk(f"  note: {facts.tested.flaw}")
    if dry_run:
        face.talk(f"{out} and {out.with_name(datasheet.NAME)} would be written")
        return
    face.answer(f"{out}, {out.stat().st_size / 1e6:.1f} MB" + (f"; {sheet}" if sheet else ""))
    if sheet is None:
        face.talk(f"{out.with_name(datasheet.NAME)} is none of ours (no marks) and stays as it is")
    if todo := next_command(facts.summary):
        face.next_command(todo)


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
    name: Annotated[str, typer.Argument(help="The setting.", autocompletion=completion.settings)],
    value: Annotated[str, typer.Argument(help="Its new value.")],
) -> None:
    """Keep a value in galaxycurate.toml.

    Example: galaxycurate config set size_px 128
    """
    from galaxycurate.errors import UsageError
    from galaxycurate.store.settings import masked, save

    for word in (name, value):
        if word.startswith("-") and not word[1:2].isdigit():
            raise UsageError(f"no such option: {word}", hint="galaxycurate config set --help")
    path = save(name, value)
    face.answer(f"{path}: {name} = {masked(value) if name == 'db' else value}")
