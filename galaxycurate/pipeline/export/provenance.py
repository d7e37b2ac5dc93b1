"""Where an export came from: README.md for people, provenance.json for programs, in each one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from galaxycurate import __version__
from galaxycurate.core.cite import credit
from galaxycurate.core.origin import without_folders
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.export.selection import Selection
from galaxycurate.pipeline.papers import papers
from galaxycurate.store.manifest import Header, Manifest

README, FACTS = "README.md", "provenance.json"
SIMULATED = "SIMULATED SKY: these are not SDSS data"


def facts(selection: Selection, to: str) -> dict:
    """What programs may know of an export.

    Parameters
    ----------
    selection : Selection
    to : str
        The format.

    Returns
    -------
    dict
        For JSON. Paths of this machine are not in it.
    """
    return {
        "made_by": f"galaxycurate {__version__}",
        "created_utc": utc_now(),
        "format": to,
        "simulated": selection.is_simulated,
        "pictures": len(selection),
        "classes": selection.classes,
        "splits": selection.counts,
        "seed": selection.seed,
        **selection.about,
        "origins": selection.origins,
        "releases": _releases(selection),
        "manifests": [_of_manifest(manifest) for manifest in selection.manifests],
        "notes": selection.notes,
    }


def _releases(selection: Selection) -> list[str]:
    return sorted({manifest.release for manifest in selection.manifests} - {""})


def _of_manifest(manifest: Manifest) -> dict:
    head = manifest.header
    return {
        "name": manifest.path.name if manifest.path else "",
        "sha256": manifest.sha256, "rows": len(manifest),
        "archive": without_folders(head.archive),
        "release": manifest.release, "query": head.query, "query_sha256": head.query_sha256,
        "created_utc": head.created_utc, "cuts": dict(head.cuts), "version": head.version,
    }  # fmt: skip


def header(selection: Selection, to: str) -> Header:
    """The header of a table that is itself a manifest, made from the others."""
    return Header(
        command=f"galaxycurate export --to {to}",
        created_utc=utc_now(),
        archive="; ".join(selection.origins),
        release=", ".join(_releases(selection)),
        cuts={"split": selection.about["split"]},
        counts={f"{s} {c}": n for s, some in selection.counts.items() for c, n in some.items()},
        parents=[manifest.sha256 for manifest in selection.manifests],
    )


def write(folder: Path, selection: Selection, to: str, usage: Sequence[str]) -> None:
    """Write both files into an export.

    Parameters
    ----------
    folder : Path
    selection : Selection
    to : str
        The format.
    usage : sequence of str
        What a reader of this format should know, line by line.
    """
    told = json.dumps(facts(selection, to), indent=1, default=str)
    (folder / FACTS).write_text(f"{told}\n", encoding="utf-8")
    text = "\n".join(readme(selection, usage))
    (folder / README).write_text(f"{text}\n", encoding="utf-8")


def readme(selection: Selection, usage: Sequence[str]) -> Iterator[str]:
    """The page beside an export, line by line: what it is, how it is read, whom to cite."""
    yield "# Galaxy images by galaxycurate"
    if selection.is_simulated:
        yield from ("", f"**{SIMULATED}.**")
    yield from ("", f"{len(selection):,} pictures of {len(selection.classes)} classes.", "")
    yield from _table(selection)
    yield from ("", "## Reading it", "", *usage, "", "## Where it came from", "")
    yield from _origin(selection)
    yield from ("", "## Acknowledgements", "")
    yield from _credit(selection)


def _table(selection: Selection) -> Iterator[str]:
    classes = selection.classes
    yield f"| split | {' | '.join(classes)} | all |"
    yield "|---" * (len(classes) + 2) + "|"
    for split, counts in selection.counts.items():
        cells = " | ".join(f"{counts.get(name, 0):,}" for name in classes)
        yield f"| {split} | {cells} | {sum(counts.values()):,} |"


def _origin(selection: Selection) -> Iterator[str]:
    yield f"Made by galaxycurate {__version__} on {utc_now()}; all facts: `{FACTS}`."
    for note in selection.notes:
        yield f"Note: {note}."
    yield "Images of one object or one piece of sky bear one group; no group is in two splits."
    yield ""
    for manifest in selection.manifests:
        about = _of_manifest(manifest)
        yield f"- `{about['name']}`: {about['rows']:,} rows from {about['archive'] or 'a file'}"
        yield f"  (release {about['release'] or 'unknown'}, sha256 {about['sha256']})"


def _credit(selection: Selection) -> Iterator[str]:
    if selection.is_simulated:
        yield "The sky is simulated: there is no survey to be thanked for these pictures. Where"
        yield "pictures are of SDSS, what is to be cited is:"
        yield ""
    due = credit(_releases(selection))
    told = dict.fromkeys(paper for _what, paper in due.papers)
    of_votes = papers(manifest.header.cuts for manifest in selection.manifests)
    for what, paper in (*due.papers, *(one for one in of_votes if one[1] not in told)):
        yield f"- {what}: {paper}"
    yield from ("", f"{due.acknowledgement} See https://{due.page}")
