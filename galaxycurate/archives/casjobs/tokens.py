"""Tokens kept between two commands: in the keyring, else in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from pathlib import Path

from galaxycurate.errors import LoginNeeded

SERVICE = "galaxycurate"


def kept(place: str) -> str:
    """The token that was kept for a place.

    Parameters
    ----------
    place : str
        The services that it is for: it goes nowhere else.

    Returns
    -------
    str
        Empty when there is none.

    Raises
    ------
    LoginNeeded
        Others can read the file.
    """
    if token := _in_file().get(place):
        return token
    ring = keyring()
    return (ring.get_password(SERVICE, place) or "") if ring else ""


def keep(place: str, token: str) -> str:
    """Keep a token.

    Parameters
    ----------
    place, token : str

    Returns
    -------
    str
        Where it is kept, for people.
    """
    if ring := keyring():
        ring.set_password(SERVICE, place, token)
        return "the keyring"
    _write({**_in_file(), place: token})
    return str(path())


def forget(place: str) -> bool:
    """Forget a token.

    Parameters
    ----------
    place : str

    Returns
    -------
    bool
        Whether there was one.
    """
    found = False
    if place in (tokens := _in_file()):
        _write({url: token for url, token in tokens.items() if url != place})
        found = True
    if (ring := keyring()) and ring.get_password(SERVICE, place):
        ring.delete_password(SERVICE, place)
        found = True
    return found


def path() -> Path:
    """The file, where there is no keyring."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "galaxycurate" / "token.json"


def keyring():
    """The system's keyring, or None where there is none that keeps anything.

    Returns
    -------
    keyring.backend.KeyringBackend or None
    """
    try:
        import keyring as rings

        ring = rings.get_keyring()
        if ring.priority <= 0:
            return None
        ring.get_password(SERVICE, "is it locked?")
    except Exception:  # not installed, locked, without a desktop: each backend has its own errors
        return None
    return ring


def _in_file() -> dict[str, str]:
    file = path()
    try:
        mode = file.stat().st_mode
        if os.name == "posix" and mode & 0o077:
            raise LoginNeeded(
                f"{file} holds a token and can be read by others (mode {mode & 0o777:o})",
                hint=f"chmod 600 {file}",
            )
        tokens = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tokens if isinstance(tokens, dict) else {}


def _write(tokens: dict[str, str]) -> None:
    file = path()
    if not tokens:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(tokens, out)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
