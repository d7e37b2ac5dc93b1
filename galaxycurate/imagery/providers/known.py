"""The providers by name, as the settings address them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from galaxycurate.core.origin import is_loopback
from galaxycurate.errors import SettingError
from galaxycurate.imagery.providers.provider import Provider


@dataclass(frozen=True)
class Addresses:
    """Where services answer; empty: at their public address, or where the sandbox does."""

    server: str
    release: str
    hips2fits: str = ""
    legacy: str = ""
    sas: str = ""

    def of(self, name: str, public: str) -> str:
        """A service's address: as given, else the server's own where that is this machine."""
        return getattr(self, name) or (self.server if is_loopback(self.server) else public)


def _skyserver(at: Addresses) -> Provider:
    from galaxycurate.imagery.providers.skyserver import SkyServer

    return SkyServer(at.server, at.release)


def _hips2fits(at: Addresses) -> Provider:
    from galaxycurate.imagery.providers.hips2fits import PUBLIC, Hips2Fits

    return Hips2Fits(at.of("hips2fits", PUBLIC))


def _legacy(at: Addresses) -> Provider:
    from galaxycurate.imagery.providers.legacy import PUBLIC, Legacy

    return Legacy(at.of("legacy", PUBLIC))


def _frames(at: Addresses) -> Provider:
    from galaxycurate.imagery.providers.frames import PUBLIC, Frames

    return Frames(at.of("sas", PUBLIC), at.release)


def _frames_irg(at: Addresses) -> Provider:
    from galaxycurate.imagery.providers.frames import PUBLIC, FramesIrg

    return FramesIrg(at.of("sas", PUBLIC), at.release)


MAKERS: Mapping[str, Callable[[Addresses], Provider]] = {
    "skyserver": _skyserver,
    "hips2fits": _hips2fits,
    "legacy": _legacy,
    "frames": _frames,
    "frames-irg": _frames_irg,
}
"""How each is made, imported only then; the order is that of messages."""

NAMES = tuple(MAKERS)


def providers(
    names: Sequence[str],
    *,
    server: str,
    release: str,
    hips2fits: str = "",
    legacy: str = "",
    sas: str = "",
) -> list[Provider]:
    """Providers in the order in which they are asked.

    Parameters
    ----------
    names : sequence of str
        Of `NAMES`.
    server : str
        SkyServer's address.
    release : str
        ``dr8`` to ``dr19``.
    hips2fits, legacy, sas : str
        Addresses of the other services. Empty: the public one; but the server's where that is this
        machine, for a sandbox is all of them.

    Returns
    -------
    list of Provider

    Raises
    ------
    SettingError
        No name, an unknown one, or one twice.
    """
    known = f"choose of {', '.join(NAMES)}"
    if not names:
        raise SettingError("no provider is named", hint=known)
    if unknown := [name for name in names if name not in MAKERS]:
        raise SettingError(f"no provider is called {unknown[0]!r}", hint=known)
    if len(set(names)) < len(names):
        raise SettingError(f"a provider is named twice: {', '.join(names)}", hint=known)
    at = Addresses(server, release, hips2fits, legacy, sas)
    return [MAKERS[name](at) for name in names]


def that_give(format: str) -> list[str]:
    """The names of the providers that can give pictures in a format."""
    nowhere = Addresses("http://127.0.0.1", "dr17")
    return [name for name, make in MAKERS.items() if format in make(nowhere).formats]
