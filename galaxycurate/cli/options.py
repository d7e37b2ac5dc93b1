"""Options that several commands share, and how they become settings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="The answer as JSON (ids are text).")]
Dataset = Annotated[str | None, typer.Option(help="Folder of images and ledger [dataset].")]
Manifests = Annotated[str | None, typer.Option(help="Folder of the manifests [manifests].")]
Out = Annotated[Path | None, typer.Option(help="The manifest to write; its ending is its format.")]
Replace = Annotated[bool, typer.Option("--replace", help="Put another request's manifest aside.")]
Server = Annotated[str | None, typer.Option(help="Where SkyServer answers.")]
Release = Annotated[str | None, typer.Option(help="Data release, dr8 to dr19 [dr17].")]
ArchiveName = Annotated[
    str | None, typer.Option("--archive", help="skyserver, casjobs, or local:PATH.")
]
Limit = Annotated[int | None, typer.Option(help="Rows at most [1000].")]
Size = Annotated[int | None, typer.Option("--size", help="Side of a cutout [pixel] [256].")]
Pixscale = Annotated[float | None, typer.Option(help="Pixel scale [arcsec/pixel] [0.396127].")]
Seed = Annotated[int | None, typer.Option(help="Seed of every draw [42].")]


def settings(**flags):
    """Settings with the flags that were given on top."""
    from galaxycurate.store.settings import load

    return load(flags)


def command_line() -> str:
    """What the user typed, for the provenance."""
    return shlex.join(["galaxycurate", *sys.argv[1:]])
