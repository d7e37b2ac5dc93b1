"""The providers by name, as the settings address them."""

from __future__ import annotations

from collections.abc import Sequence

from galaxycurate.errors import SettingError
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.imagery.providers.skyserver import SkyServer

NAMES = ("skyserver",)


def providers(names: Sequence[str], *, server: str, release: str) -> list[Provider]:
    """Providers in the order in which they are asked.

    Parameters
    ----------
    names : sequence of str
    server : str
        SkyServer's address.
    release : str
        ``dr8`` to ``dr19``.

    Returns
    -------
    list of Provider

    Raises
    ------
    SettingError
        An unknown name, or one twice.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise SettingError(
            f"no provider is called {unknown[0]!r}", hint=f"choose of {', '.join(NAMES)}"
        )
    return [SkyServer(server, release) for _ in names]
