"""hf-parquet: Parquet with pictures inside, as Hugging Face's `datasets` and its hub read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.columns import COLUMNS, IDS
from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export import provenance
from galaxycurate.pipeline.export.selection import Picture, Selection
from galaxycurate.pipeline.export.writing import code

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_BYTES = 400 << 20
ROW_GROUP = 100
"""Pictures in a row group: the hub's viewer reads one at once."""

_CALLED = {"val": "validation"}  # the hub's word


def write(selection: Selection, folder: Path, progress: Progress) -> list[str]:
    """Write Parquet files for each split, and the card's front matter.

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
    (folder / "data").mkdir()
    schema, done = _schema(selection), 0
    for split in selection.splits:
        pictures = selection.shuffled(split)
        for path, some in _files(folder, called(split), pictures):
            _write_file(selection, path, some, schema)
            done += len(some)
            progress(done, len(selection), f"{split} written")
    return [
        *code(
            "data = datasets.load_dataset('DIR')",
            "data['train'][0]['image'].show()",
            "data['train'].features['label'].names",
        ),
        "`image` is decoded, `label` is a ClassLabel. The split val is called validation, as the",
        "hub calls it. Ids are strings, null where unknown: a column of integers with a null in",
        "it would become floats.",
    ]


def called(split: str) -> str:
    """A split as the hub may call it: letters, digits and underscores."""
    return _CALLED.get(split, split.replace("-", "_"))


def _files(
    folder: Path, split: str, pictures: Sequence[Picture]
) -> Iterator[tuple[Path, list[Picture]]]:
    parts: list[list[Picture]] = [[]]
    size = 0
    for picture in pictures:
        if parts[-1] and size + picture.outcome.n_bytes > SHARD_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(picture)
        size += picture.outcome.n_bytes
    for k, some in enumerate(parts):
        yield folder / "data" / f"{split}-{k:05d}-of-{len(parts):05d}.parquet", some


def _columns(selection: Selection) -> list[str]:
    return [name for name in selection.columns if name not in ("label", "split")]


def _kind(name: str) -> str:
    dtype = "str" if name in IDS else COLUMNS[name].dtype
    return "string" if dtype == "str" else dtype


def _features(selection: Selection) -> dict[str, dict]:
    """The columns as `datasets` describes them."""
    plain = {n: {"dtype": _kind(n), "_type": "Value"} for n in _columns(selection)}
    label = {"names": selection.classes, "_type": "ClassLabel"}
    return {"image": {"_type": "Image"}, "label": label, **plain}


def _schema(selection: Selection) -> pa.Schema:
    import pyarrow as pa

    types = {"string": pa.string(), "int32": pa.int32(), "int64": pa.int64(),
             "float32": pa.float32(), "float64": pa.float64()}  # fmt: skip
    fields = [
        pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        pa.field("label", pa.int64()),
        *(
            pa.field(n, types[_kind(n)], metadata={"unit": COLUMNS[n].unit, "ucd": COLUMNS[n].ucd,
                                                   "description": COLUMNS[n].meaning})
            for n in _columns(selection)
        ),
    ]  # fmt: skip
    told = json.dumps({"info": {"features": _features(selection)}})
    return pa.schema(fields, metadata={"huggingface": told})


def _write_file(
    selection: Selection, path: Path, pictures: Sequence[Picture], schema: pa.Schema
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = {name: k for k, name in enumerate(selection.classes)}
    # the sink is Python's own file, whose errors say what the disk said
    with path.open("wb") as sink, pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for at in range(0, len(pictures), ROW_GROUP):
            lines = [_line(selection, picture, number) for picture in pictures[at : at + ROW_GROUP]]
            writer.write_table(pa.Table.from_pylist(lines, schema=schema), row_group_size=ROW_GROUP)


def _line(selection: Selection, picture: Picture, number: dict[str, int]) -> dict:
    image = {"bytes": selection.read(picture), "path": picture.name.replace("/", "-")}
    line: dict[str, object] = {"image": image, "label": number[picture.label]}
    for name in _columns(selection):
        value = picture.row.get(name)
        if name in IDS:
            line[name] = str(value) if value else None
        else:
            line[name] = None if value != value else value
    return line


def front_matter(selection: Selection) -> list[str]:
    """The card's YAML: what the hub shows, and which file is of which split."""
    title = "Galaxy images by galaxycurate"
    title += f" ({provenance.SIMULATED})" if selection.is_simulated else ""
    lines = ["---", f"pretty_name: {json.dumps(title)}", "task_categories:",
             "- image-classification", "tags:", "- astronomy"]  # fmt: skip
    lines += ["- simulated"] if selection.is_simulated else ["- sdss"]
    lines += ["size_categories:", f"- {_size(len(selection))}", "dataset_info:", "  features:"]
    for name, feature in _features(selection).items():
        lines += [f"  - name: {name}", *_dtype(feature)]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in selection.splits:
        lines += [f"  - split: {called(split)}", f"    path: data/{called(split)}-*"]
    return [*lines, "---", ""]


def _size(n: int) -> str:
    """The hub's word for how many there are."""
    steps = ("1K", "10K", "100K", "1M", "10M")
    k = min(max(len(str(n)) - 4, -1), 3)
    return f"{steps[k]}<n<{steps[k + 1]}" if k >= 0 else "n<1K"


def _dtype(feature: dict) -> list[str]:
    if feature["_type"] == "ClassLabel":
        names = [f"          '{k}': {json.dumps(name)}" for k, name in enumerate(feature["names"])]
        return ["    dtype:", "      class_label:", "        names:", *names]
    return [f"    dtype: {'image' if feature['_type'] == 'Image' else feature['dtype']}"]
