"""zoobot: a catalogue of id_str, file_loc, label and votes, as Zoobot and galaxy-datasets take."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

from galaxycurate.catalogs.rules import shipped
from galaxycurate.core.columns import SOFT
from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export.selection import PEOPLE, Picture, Selection
from galaxycurate.pipeline.export.writing import cell, code, write_pictures, write_rows

ENDINGS = (".jpg", ".jpeg", ".png", ".fits")
CATALOG = "catalog.csv"
_BESIDE = ("name", "label", "split")
_PARTS = ("train", "val", "test")


def write(selection: Selection, folder: Path, progress: Progress) -> list[str]:
    """Write the pictures and the catalogue.

    Parameters
    ----------
    selection : Selection
    folder : Path
        Empty.
    progress : callable

    Returns
    -------
    list of str
        How it is read.
    """
    write_pictures(selection, folder, file_loc, progress)
    number = {name: k for k, name in enumerate(selection.classes)}
    ids, votes = _ids(selection), _votes(selection)
    columns = [n for n in selection.columns if n not in _BESIDE and not n.startswith(SOFT)]
    head = ["id_str", "file_loc", "split", "label", "label_name", *votes, *columns]
    rows = (
        [
            ids[picture.name], file_loc(picture), picture.split, number[picture.label],
            picture.label, *(_answer(picture, how) for how in votes.values()),
            *(cell(picture, name) for name in columns),
        ]
        for picture in selection.pictures
    )  # fmt: skip
    write_rows(folder / CATALOG, head, rows)
    return [
        *code(*_read(selection)),
        f"`label` counts the classes: {', '.join(f'{k} {name}' for name, k in number.items())}.",
        *_told_of(votes),
        "Ids are digits, 0 where unknown.",
    ]


def _read(selection: Selection) -> list[str]:
    """Lines of Python that open the catalogue; never a split of its own making."""
    parts = [name for name in _PARTS if name in selection.splits]
    is_whole = parts == list(_PARTS)
    name = "galaxy_datamodule" if is_whole else "galaxy_dataset"
    kind = "CatalogDataModule" if is_whole else "CatalogDataset"
    lines = [
        "import pandas",
        f"from galaxy_datasets.pytorch.{name} import {kind}",
        "",
        f"catalog = pandas.read_csv('DIR/{CATALOG}', dtype={{'id_str': str}})",
        "catalog['file_loc'] = 'DIR/' + catalog['file_loc']  # DIR: this folder",
    ]
    if not is_whole:
        return [*lines, "data = CatalogDataset(catalog, label_cols=['label'])"]
    given = (f"    {part}_catalog=catalog[catalog['split'] == '{part}']," for part in parts)
    return [*lines, "data = CatalogDataModule(", "    label_cols=['label'],", *given, ")"]


def _told_of(votes: dict[str, tuple[str, bool]]) -> list[str]:
    if not votes:
        return ["The manifests have no vote fractions of all classes (`--soft` keeps them)."]
    told = ["Columns that end in `_fraction` are shares of all volunteers, empty where unknown."]
    if any(is_count for _column, is_count in votes.values()):
        told.append("Those without that ending are counts: fraction times volunteers, rounded; 0")
        told.append("where unknown: Zoobot takes an empty count for a number, and 0 for no vote.")
    else:
        told.append("There are no counts of votes: those are told of raw fractions only, under a")
        told.append("scheme of galaxycurate's own that asks one question, without branches.")
    return [*told, "Where people gave another class than the votes, the votes are unknown."]


def file_loc(picture: Picture) -> str:
    """Where a picture lies below the export."""
    return f"images/{picture.name}"


def _ids(selection: Selection) -> dict[str, str]:
    """An id for each picture, by its place: its name, or where two share it the place itself."""
    places = [picture.name for picture in selection.pictures]
    stems = Counter(PurePosixPath(place).stem for place in places)
    own = {place: PurePosixPath(place).stem for place in places}
    # a name has no slash: what has one is unlike all of them
    return {place: stem if stems[stem] == 1 else place for place, stem in own.items()}


def _votes(selection: Selection) -> dict[str, tuple[str, bool]]:
    """Zoobot's columns of a question's answers: soft label, and whether counts are meant.

    The question is the scheme of the labels. Counts are told of raw fractions of one question only:
    a debiased fraction is none of what volunteers clicked, and in a tree the fractions are shares
    of all volunteers, while `n_votes` is who answered the last question.
    """
    soft = [name for name in selection.columns if name.startswith(SOFT)]
    if not soft:
        return {}
    schemes = {str(p.row["scheme"]) for p in selection.pictures if p.row.get("scheme")}
    question = schemes.pop() if len(schemes) == 1 else "votes"
    sources = {str(p.row.get("label_source")) for p in selection.pictures if p.row.get("scheme")}
    found = {f"{question}_{n.removeprefix(SOFT)}_fraction": (n, False) for n in soft}
    is_raw = all(source.endswith(" raw") for source in sources if not source.startswith(PEOPLE))
    if is_raw and _is_one_question(question, selection):
        found |= {f"{question}_{n.removeprefix(SOFT)}": (n, True) for n in soft}
    return found


def _is_one_question(name: str, selection: Selection) -> bool:
    """Whether a scheme is known here, and all its classes are answers to one counted question."""
    if name not in shipped.names():
        return False
    scheme = shipped.load(name)
    cuts = [manifest.header.cuts for manifest in selection.manifests]
    asked = {one.get("scheme_sha256") for one in cuts if one.get("scheme") == name}
    if not asked <= {scheme.sha256}:  # a file of the user's own, under the name of ours
        return False
    return bool(scheme.votes) and not scheme.branches


def _answer(picture: Picture, how: tuple[str, bool]) -> str:
    column, is_count = how
    value = picture.row.get(column)
    by_people = str(picture.row.get("label_source")).startswith(PEOPLE)
    is_known = value is not None and value == value and not by_people
    if not is_count:
        return cell(picture, column) if is_known else ""
    votes = picture.row.get("n_votes")
    return str(round(float(str(value)) * int(str(votes)))) if is_known and votes else "0"
