"""Settings: flags > environment > galaxycurate.toml > defaults, and where each value came from."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from galaxycurate.core.geometry import NATIVE_PIXSCALE
from galaxycurate.core.releases import RELEASES
from galaxycurate.errors import SettingError
from galaxycurate.store.files import existing, replacing

FILE = "galaxycurate.toml"
ENV_PREFIX = "GALAXYCURATE_"


def _setting(default, meaning: str, low=None, high=None, *, choices=(), repr=True):
    about = {"meaning": meaning, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=about, repr=repr)


@dataclass(frozen=True)
class Settings:
    """What a project keeps; each may be a flag, an environment variable or a line of the file."""

    server: str = _setting("https://skyserver.sdss.org", "where SkyServer answers")
    release: str = _setting("dr17", "data release: dr8 to dr19")
    archive: str = _setting("skyserver", "who answers SQL: skyserver, casjobs, or local:PATH")
    casjobs: str = _setting("", "root of CasJobs' REST service; empty: the server's own")
    keystone: str = _setting("", "where CasJobs logs in; empty: the server's own")
    keep_tables: int = _setting(0, "1 leaves the tables of CasJobs' jobs in MyDB", 0, 1)
    manifests: str = _setting("manifests", "folder of the manifests")
    catalogs: str = _setting("catalogs", "folder of Galaxy Zoo's catalogues on this machine")
    dataset: str = _setting("dataset", "folder of the images and the ledger")
    db: str = _setting("", "SQLAlchemy URL of the ledger; empty: in the dataset", repr=False)
    dataset_name: str = _setting("", "the dataset's name in a shared db; empty: its full path")
    size_px: int = _setting(256, "side of a cutout [pixel]", 64, 2048)
    pixscale: float = _setting(NATIVE_PIXSCALE, "pixel scale [arcsec/pixel]", 0.015, 60.0)
    limit: int = _setting(1000, "cutouts or fields at most", 1, 10_000_000)
    limit_mag_r: float = _setting(20.0, "a negative holds no galaxy brighter than this", 10.0, 30.0)
    margin_arcsec: float = _setting(5.0, "free sky around a negative [arcsec]", 0.0, 600.0)
    star_mag_r: float = _setting(0.0, "no star brighter than this beside it; 0: any", 0.0, 30.0)
    per_field: int = _setting(20, "negatives from one field at most", 1, 1000)
    min_votes: int = _setting(10, "volunteers at least; unset: as the scheme says", 1, 100_000)
    provider: str = _setting("skyserver", "who draws cutouts; several, with commas: in that order")
    format: str = _setting("jpg", "what cutouts are kept as", choices=("jpg", "png", "fits", "npz"))
    layout: str = _setting(
        "imagefolder", "files by label, or tar files", choices=("imagefolder", "webdataset")
    )
    hips2fits: str = _setting("", "where hips2fits answers; empty: CDS, or a server here")
    legacy: str = _setting("", "where the Legacy viewer answers; empty: itself, or a server here")
    sas: str = _setting("", "where frames lie; empty: data.sdss.org, or a server here")
    keep_rejects: int = _setting(0, "1 keeps the bytes of what was no picture", 0, 1)
    dask: str = _setting("", "who shares the download: tcp://HOST:PORT, or local; empty: nobody")
    state: str = _setting("", "folder of what servers allowed; empty: ~/.local/state/galaxycurate")
    rate: float = _setting(
        2.0, "cutouts a second at most; 0: no limit; unset: each provider's own", 0.0, 10_000.0
    )
    queries_per_minute: int = _setting(50, "SQL queries a minute at most; 0: no limit", 0, 10_000)
    concurrency: int = _setting(4, "connections at most", 1, 256)
    memory: str = _setting("2GB", "memory that comparing pictures may take")
    seed: int = _setting(42, "seed of every draw", 0, 2**31 - 1)
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self):
        """Refuse a value outside its range."""
        for spec in fields(self):
            if spec.name != "origins":
                unnamed = "flag" if self.said(spec.name) else "default"
                _check(spec, getattr(self, spec.name), self.origins.get(spec.name, unnamed))

    def origin(self, name: str) -> str:
        """Where a value came from: a flag, a variable, a file, or ``default``."""
        return self.origins.get(name, "default")

    def said(self, name: str) -> bool:
        """Whether somebody chose the value, so that a scheme's own must not take its place."""
        return self.origin(name) != "default" or getattr(self, name) != SPECS[name].default

    @property
    def ledger_url(self) -> str:
        """The SQLAlchemy URL of the ledger."""
        return self.db or f"sqlite:///{Path(self.dataset) / 'ledger.sqlite'}"

    @property
    def state_folder(self) -> Path:
        """Where what belongs to this user and machine is kept, by the XDG rules."""
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(self.state or Path(home) / "galaxycurate")

    @property
    def ledger_dataset(self) -> str:
        """Whose lines of the ledger are meant; one that lies in its dataset needs no name."""
        return (self.dataset_name or str(Path(self.dataset).resolve())) if self.db else ""


SPECS = {spec.name: spec for spec in fields(Settings) if spec.name != "origins"}


def load(flags: Mapping[str, object] | None = None, *, folder: Path | None = None, environ=None):
    """Gather the settings for a command.

    Parameters
    ----------
    flags : mapping, optional
        Values from the command line; those that are None were not given.
    folder : Path, optional
        Where galaxycurate.toml lies; the current folder.
    environ : mapping, optional
        The environment; the process's own.

    Returns
    -------
    Settings

    Raises
    ------
    SettingError
        An unknown name, or a value of the wrong type or range; the text names its origin.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    layers = (
        (FILE, _from_file((folder or Path()) / FILE)),
        ("environment", _from_environment(environ)),
        ("flag", {k: v for k, v in (flags or {}).items() if v is not None}),
    )
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in SPECS:
                raise _unknown(name, origin)
            values[name] = _convert(name, value, origin)
            origins[name] = f"{ENV_PREFIX}{name.upper()}" if origin == "environment" else origin
    return Settings(**values, origins=origins)


def load_keywords(**flags) -> Settings:
    """Settings with values given by keyword, for library use: ``settings(limit=500)``."""
    return load(flags)


def save(name: str, value: str, *, folder: Path | None = None) -> Path:
    """Set one value in galaxycurate.toml, leaving the file's other lines alone.

    Parameters
    ----------
    name, value : str
        The setting and its new value.
    folder : Path, optional
        Where galaxycurate.toml lies; the current folder.

    Returns
    -------
    Path
        The file.
    """
    if name not in SPECS:
        raise _unknown(name, "config set")
    converted = _convert(name, value, "config set")
    Settings(**{name: converted}, origins={name: "config set"})
    path = (folder or Path()) / FILE
    load(folder=folder, environ={})  # a file that does not load is not added to
    quoted = json.dumps(converted)  # TOML writes texts and numbers as JSON does
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.split("=")[0].strip() != name]
    with replacing(path) as part:
        part.write_text("\n".join([*kept, f"{name} = {quoted}"]) + "\n")
    return path


def masked(url: str) -> str:
    """A database URL, or what should be one, without its password."""
    url = re.sub(r"(://[^:/@]*:|^(?!.*://).*:).*@", r"\1***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)


def _from_file(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(existing(path).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingError(
            f"{path} is no TOML: {error}", hint="a line looks like: size_px = 256"
        ) from None


def _from_environment(environ: Mapping[str, str]) -> dict:
    known = {f"{ENV_PREFIX}{name.upper()}": name for name in SPECS}
    return {known[key]: value for key, value in environ.items() if key in known}


def _convert(name: str, value: object, origin: str):
    wanted: type = type(SPECS[name].default)
    try:
        if isinstance(value, bool) or (wanted is int and isinstance(value, float)):
            raise ValueError
        return wanted(value)
    except (TypeError, ValueError):
        kind = {int: "a whole number", float: "a number", str: "text"}[wanted]
        raise SettingError(
            f"{name} = {value!r} ({origin}) is not {kind}", hint="galaxycurate config show"
        ) from None


def _check(spec, value, origin: str) -> None:
    low, high = spec.metadata["low"], spec.metadata["high"]
    if low is not None and not low <= value <= high:
        raise SettingError(
            f"{spec.name} = {value} ({origin}) is outside {low} to {high}",
            hint=f"{spec.name}: {spec.metadata['meaning']}",
        )
    choices = spec.metadata["choices"]
    if choices and value not in choices:
        raise SettingError(
            f"{spec.name} = {value!r} ({origin}) is none of {', '.join(choices)}",
            hint=f"{spec.name}: {spec.metadata['meaning']}",
        )
    if spec.name in ("dataset", "manifests") and Path(value).is_file():
        raise SettingError(
            f"{spec.name} = {value!r} ({origin}) is a file",
            hint=f"it is the {spec.metadata['meaning']}",
        )
    if spec.name == "release" and value.lower() not in RELEASES:
        raise SettingError(
            f"release = {value!r} ({origin}) is no data release with these services",
            hint=f"choose one of {', '.join(RELEASES)}",
        )


def _unknown(name: str, origin: str) -> SettingError:
    import difflib

    near = difflib.get_close_matches(name, SPECS, n=1)
    return SettingError(
        f"no setting is called {name!r} ({origin})",
        hint=f"did you mean {near[0]}?" if near else "galaxycurate config show lists them",
    )
