"""Who puts pictures away: into the tree, when their server draws the sky that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Reason
from galaxycurate.errors import UsageError
from galaxycurate.imagery.job import Job
from galaxycurate.store.images import ImageTree
from galaxycurate.store.manifestfile import ManifestFile
from galaxycurate.store.shards.tree import ShardTree, Tree

_SKIES = ("real", "simulated")


class Keeper:
    """Pictures to a tree; it can be sent to other processes.

    Parameters
    ----------
    tree : ImageTree or ShardTree
    rejects : ImageTree, optional
        Where the bytes of what was no picture go; None where nobody wants them.
    manifests : iterable of ManifestFile
        Whose pictures they are: those of a simulated and of the real sky must not be mixed.

    Attributes
    ----------
    origins : dict
        Who drew, in the order of appearance.
    """

    def __init__(
        self,
        tree: Tree,
        rejects: ImageTree | None = None,
        manifests: Iterable[ManifestFile] = (),
    ):
        self.tree, self.rejects = tree, rejects
        self.origins: dict[str, None] = {}
        self._asked = [(file.path, file.header.archive) for file in manifests]

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """Write a picture.

        Raises
        ------
        UsageError
            It is of the other sky.
        StorageError
            The disk refused.
        """
        self.meet(origin)
        about = {"name": job.name, "ra": job.ra, "dec": job.dec, "pixscale": job.pixscale,
                 "size_px": job.size_px, "provider": origin}  # fmt: skip
        self.tree.write(job.path, body, about)

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """Keep what was no picture where the user wants to see it."""
        if self.rejects is not None:
            self.rejects.quarantine(str(reason), job.label, job.name, body)

    def meet(self, origin: str) -> None:
        """Refuse to fill manifests of the real sky with simulated pixels, or the other way round.

        Rows of an archive that does not call itself simulated are of the real sky; those of a
        user's own file or folder are not known and pass.

        Parameters
        ----------
        origin : str
            Who drew the pixels, as the server names itself.

        Raises
        ------
        UsageError
            A manifest came from the other sky.
        """
        if origin not in self.origins:
            for path, archive in self._asked:
                _check_one_sky(path, archive, origin)
            self.origins[origin] = None

    def close(self) -> None:
        """Leave nothing in the making."""
        for tree in (self.tree, self.rejects):
            if isinstance(tree, ShardTree):
                tree.close()
            elif tree is not None:
                tree.finish()


def _check_one_sky(path: Path, archive: str, origin: str) -> None:
    drawn = is_simulated(origin)
    if archive.startswith(("http", "local:")) and is_simulated(archive) != drawn:
        raise UsageError(
            f"{path} lists a {_SKIES[not drawn]} sky, but {origin} draws a "
            f"{_SKIES[drawn]} one: the two must not be mixed",
            hint="galaxycurate config show tells the server; keep each sky in a folder of its own",
        )
