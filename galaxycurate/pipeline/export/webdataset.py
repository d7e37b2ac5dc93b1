"""webdataset: shards of samples (picture, class number, JSON), for reading from the beginning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from galaxycurate.core.columns import IDS
from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export.selection import Picture, Selection
from galaxycurate.pipeline.export.writing import code
from galaxycurate.store.shards.samples import END, sample
from galaxycurate.store.shards.tree import MAX_BYTES, MAX_IMAGES


def write(selection: Selection, folder: Path, progress: Progress) -> list[str]:
    """Write the shards of each split; samples come in a random order.

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
    done, first = 0, ""
    for split in selection.splits:
        pictures = selection.shuffled(split)
        last = _write_split(selection, folder, split, pictures)
        first = first or f"{split}-{{000000..{last:06d}}}.tar"
        done += len(pictures)
        progress(done, len(selection), f"{split} written")
    suffixes = {PurePosixPath(picture.name).suffix[1:] for picture in selection.pictures}
    kinds = repr(";".join(sorted(suffixes)))
    classes = "".join(f"{name}\n" for name in selection.classes)
    (folder / "classes.txt").write_text(classes, encoding="utf-8")
    return [
        *code(
            f"data = webdataset.WebDataset('DIR/{first}', shardshuffle=False)",
            f"for picture, number, about in data.decode('pil').to_tuple({kinds}, 'cls', 'json'):",
            "    ...",
        ),
        "The number is that of the class: its line in `classes.txt`, from 0.",
        "Ids are text in the JSON. Classes are mixed within a split, in an order that the seed",
        "decides.",
    ]


def _write_split(
    selection: Selection, folder: Path, split: str, pictures: Sequence[Picture]
) -> int:
    """Write the shards of a split; the number of the last one."""
    number = {name: k for k, name in enumerate(selection.classes)}
    shard, n, size, file = -1, MAX_IMAGES, 0, None
    try:
        for picture in pictures:
            if file is None or n >= MAX_IMAGES or size >= MAX_BYTES:
                if file is not None:
                    file.write(END)
                    file.close()
                shard, n, size = shard + 1, 0, 0
                file = (folder / f"{split}-{shard:06d}.tar").open("wb")
            body = selection.read(picture)
            told, _ = sample(f"images/{picture.name}", body, number[picture.label], about(picture))
            file.write(told)
            n, size = n + 1, size + len(told)
        if file is not None:
            file.write(END)
    finally:
        if file is not None:
            file.close()
    return max(shard, 0)


def about(picture: Picture) -> dict:
    """What is known of a picture, for its JSON: ids as text, nothing that is unknown."""
    known = {n: v for n, v in picture.row.items() if v is not None and v == v and v != ""}
    for name in IDS:
        if known.get(name):
            known[name] = str(known[name])
        else:
            known.pop(name, None)
    return json.loads(json.dumps(known, default=str))
