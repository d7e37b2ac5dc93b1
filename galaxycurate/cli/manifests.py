"""`galaxycurate manifests`: the manifests that a team shares through its database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face, options

app = typer.Typer(no_args_is_help=True, help="The manifests of a team, in its database (db).")


@app.command("list")
def show(as_json: options.Json = False) -> None:
    """What the team has, the oldest first.

    Example: galaxycurate manifests list
    """
    from galaxycurate.store.registry import Registry

    with Registry.open(options.settings().db) as registry:
        entries = registry.entries()
    if as_json:
        face.answer_json({"manifests": [asdict(entry) for entry in entries]})
        return
    for entry in entries:
        labels = ", ".join(f"{n:,} {label}" for label, n in entry.labels.items())
        face.answer(f"{entry.name}  {entry.sha256[:12]}  {entry.created_utc[:10]}  {labels}")
    if not entries:
        face.answer("no manifests yet")
    face.next_command("galaxycurate manifests " + ("pull NAME" if entries else "push FILE"))


@app.command()
def push(
    file: Annotated[Path, typer.Argument(help="A manifest.")], as_json: options.Json = False
) -> None:
    """Share a manifest; with db set, every new one is shared as it is written.

    Example: galaxycurate manifests push manifests/positives.parquet
    """
    from galaxycurate.store.manifest import Manifest
    from galaxycurate.store.registry import Registry

    manifest = Manifest.read(file)
    with Registry.open(options.settings().db) as registry:
        new = registry.push(manifest)
    if as_json:
        face.answer_json({"manifest": str(file), "sha256": manifest.sha256, "new": new})
        return
    face.answer(f"{file}: {manifest.sha256[:12]} " + ("is shared" if new else "was there before"))
    face.next_command(f"galaxycurate manifests pull {file.name}")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="Its name (the newest), or the start of a sha256.")],
    to: Annotated[Path | None, typer.Option(help="Folder to write to [manifests].")] = None,
    as_json: options.Json = False,
) -> None:
    """Fetch a manifest of the team: the identical file.

    Example: galaxycurate manifests pull positives --to manifests
    """
    from galaxycurate.store.registry import Registry

    settings = options.settings()
    with Registry.open(settings.db) as registry:
        entry, path = registry.pull(name, to or Path(settings.manifests))
    if as_json:
        face.answer_json({"manifest": str(path), **asdict(entry)})
        return
    face.answer(f"{path}: {entry.rows:,} cutouts, {entry.sha256[:12]}")
    face.next_command("galaxycurate download" + (f" {path}" if to else ""))
