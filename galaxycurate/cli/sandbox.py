"""`galaxycurate sandbox`: a small SDSS on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face

app = typer.Typer(no_args_is_help=True, help="A small SDSS on this machine, to try things on.")


@app.command("serve")
def serve(
    sky: Annotated[
        str,
        typer.Option(help="simulated, real:FOLDER of SDSS frames and catalogues, or a made sky."),
    ] = "simulated",
    folder: Annotated[
        Path, typer.Option(help="Where the sky is made, and found the next time.")
    ] = Path("sky"),
    port: Annotated[int, typer.Option(help="0: any that is free.")] = 8417,
    queries_per_minute: Annotated[int, typer.Option(help="As SDSS: 60; 0: no limit.")] = 60,
    seed: Annotated[int, typer.Option(help="Of the simulated sky.")] = 42,
    fields: Annotated[int, typer.Option(help="Of the simulated sky, in each camcol.")] = 6,
) -> None:
    """Serve SkyServer, CasJobs and SAS frames on 127.0.0.1 until Ctrl-C.

    Example: galaxycurate sandbox serve --sky simulated --folder sky
    """
    made = _sky(sky, folder, seed, fields)
    from galaxycurate.sandbox.server import serve as run

    run(made, port=port, queries_per_minute=queries_per_minute, ready=_ready)


def _ready(url: str, sky) -> None:
    print(url, flush=True)
    face.talk(f"next: galaxycurate config set server {url}  (in another terminal; Ctrl-C ends)")


def _sky(sky: str, folder: Path, seed: int, fields: int) -> Path:
    """The folder of the sky that was asked for, made where it does not exist yet."""
    from galaxycurate.errors import SettingError
    from galaxycurate.store.files import existing

    kind, _, source = sky.partition(":")
    if kind == "simulated" and not source:
        if not (folder / "sky.toml").exists():
            from galaxycurate.sandbox.simulated import build_simulated_sky

            with face.progress_bar("simulated sky") as bar:
                build_simulated_sky(
                    folder,
                    seed=seed,
                    fields=fields,
                    progress=lambda part, text: bar(int(part * 100), 100, text),
                )
        return folder
    if kind == "real" and source:
        if not (folder / "sky.toml").exists():
            from galaxycurate.sandbox.real import build_real_sky

            build_real_sky(existing(Path(source), what="folder"), folder)
        return folder
    if (Path(sky) / "sky.toml").exists():
        return Path(sky)
    raise SettingError(
        f"there is no sky {sky!r}",
        hint="--sky simulated, or --sky real:FOLDER with frames/ and catalogs/ of SDSS",
    )
