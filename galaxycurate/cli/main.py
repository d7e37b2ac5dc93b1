"""The command line's entrance: which commands there are, and how every error ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate import __version__
from galaxycurate.cli import (
    adopt,
    ask,
    audit,
    casjobs,
    catalogs,
    completion,
    crosswalk,
    dedupe,
    demo,
    download,
    export,
    face,
    look,
    manifests,
    manpage,
    positives,
    review,
    sandbox,
    split,
)
from galaxycurate.errors import ExitCode, GalaxyCurateError
from galaxycurate.store.files import unwritable

HELP = """Turn SDSS and Galaxy Zoo into image datasets you can trust.

The main job, in an empty folder:

  galaxycurate negatives --score 0.2

  galaxycurate positives --threshold 0.85

  galaxycurate download

  galaxycurate dedupe

  galaxycurate audit

  galaxycurate split

  python -m train
"""
app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
)  # fmt: skip
config = typer.Typer(no_args_is_help=True, help="Settings: show where each comes from, set one.")
config.command("show")(look.config_show)
# a value may be a negative number, which is no option
config.command("set", context_settings={"ignore_unknown_options": True})(look.config_set)


def _show_version(asked: bool) -> None:
    if asked:
        face.answer(f"galaxycurate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Options before the command."""


_COMMANDS: dict[str, Callable[..., None]] = {
    "negatives": ask.negatives,
    "positives": positives.positives,
    "import": adopt.adopt,
    "crosswalk": crosswalk.crosswalk,
    "download": download.download,
    "audit": audit.audit,
    "dedupe": dedupe.dedupe,
    "review": review.review,
    "split": split.split,
    "export": export.export,
    "status": look.status,
    "report": look.report,
    "demo": demo.demo,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
app.command("completion")(completion.completion)
app.command("man")(manpage.man)
app.add_typer(config, name="config")
app.add_typer(catalogs.app, name="catalogs")
app.add_typer(catalogs.app, name="catalog", hidden=True)
app.add_typer(casjobs.app, name="casjobs")
app.add_typer(manifests.app, name="manifests")
app.add_typer(sandbox.app, name="sandbox")


_EXTRAS = {
    "astroquery": "casjobs",
    "dask": "dask",
    "distributed": "dask",
    "galsim": "sandbox",
    "h5py": "hdf5",
    "sep": "sandbox",
    "torch": "train",
}


def run() -> None:
    """Run the command line and end the process with its exit code."""
    _keep_arrow_small()
    sys.exit(main(sys.argv[1:]))


def _keep_arrow_small() -> None:
    """Of pyarrow's parts a command needs the few that look at files: its own memory pool keeps
    25 MB once used, the file systems of clouds are 3 MB of code, which it can do without.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    for name in ("_azurefs", "_gcsfs", "_hdfs", "_s3fs"):
        sys.modules.setdefault(f"pyarrow.{name}", None)  # type: ignore[arg-type]


def main(arguments: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        An `ExitCode`.
    """
    try:
        completion.prepare()
        code = typer.main.get_command(app).main(
            arguments, prog_name="galaxycurate", standalone_mode=False
        )
        return _interrupted() if code == ExitCode.INTERRUPTED else int(code or ExitCode.DONE)
    except GalaxyCurateError as error:
        face.complain(error)
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # typer takes a file's end for the keyboard's
            return _unforeseen(error.__cause__)
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            return _unforeseen(error)
        face.talk(f"galaxycurate: this needs {error.name}, which is not installed")
        face.talk(f"  hint: pip install 'galaxycurate[{_EXTRAS[error.name]}]'")
        return int(ExitCode.FAILED)
    except OSError as error:
        face.complain(unwritable(Path(error.filename or "the answer"), error))
        return int(ExitCode.FAILED)
    except Exception as error:
        return _unforeseen(error)


def _interrupted() -> int:
    """Typer turns some interrupts into an exit code of its own; they all end here."""
    face.talk("galaxycurate: interrupted; nothing is lost, run the same command to continue")
    return int(ExitCode.INTERRUPTED)


def _unforeseen(error: Exception) -> int:
    """Typer's own usage errors by their shape (it vendors click), and bugs."""
    message = getattr(error, "format_message", None)
    if message is not None:
        words = str(message())
        path = getattr(getattr(error, "ctx", None), "command_path", "galaxycurate")
        face.talk(f"galaxycurate: {words}")
        face.talk(f"  hint: {path} --help")
        return int(ExitCode.USAGE)
    if os.environ.get("GALAXYCURATE_DEBUG"):
        raise error
    face.talk(f"galaxycurate: this is a bug: {type(error).__name__}: {error}")
    face.talk("  hint: GALAXYCURATE_DEBUG=1 shows where; please report it with that text")
    return int(ExitCode.FAILED)
