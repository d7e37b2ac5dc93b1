"""Between Arrow and numpy without pandas, which pyarrow's own ways import: that takes a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def plain(column: pa.ChunkedArray, empty: float) -> np.ndarray:
    """A column of numbers as numpy has it, but not by pyarrow's own way, which imports pandas."""
    parts = [np.empty(0, column.type.to_pandas_dtype())]
    for chunk in column.chunks:
        values = np.frombuffer(chunk.buffers()[1], parts[0].dtype)
        values = values[chunk.offset : chunk.offset + len(chunk)]
        if chunk.null_count:
            import pyarrow.compute as pc  # 60 ms that a typed copy need not wait for

            there = np.from_dlpack(pc.cast(pc.is_valid(chunk), "uint8"))
            values = np.where(there, values, np.array(empty, values.dtype))
        parts.append(values)
    return parts[1] if len(parts) == 2 else np.concatenate(parts)


def mask(truths: pa.ChunkedArray, *, empty: bool = False) -> np.ndarray:
    """A column of truths as numpy has it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return plain(pc.cast(truths, pa.uint8()), empty).astype(bool)


def those(cells: pa.ChunkedArray | np.ndarray, wrong: np.ndarray, what: str) -> str:
    """How many, what they are, and the first one with its row as a person counts."""
    n, row = int(wrong.sum()), int(np.argmax(wrong))
    cell = f"{cells[row]:.12g}" if isinstance(cells, np.ndarray) else repr(cells[row].as_py())
    return f"{n:,} cell{'s' * (n != 1)} {what} ({cell} in row {row + 1:,})"


def column_of(values: np.ndarray) -> pa.ChunkedArray:
    """Numbers as an Arrow column: int64, or float64."""
    import pyarrow as pa

    kind = pa.int64() if values.dtype.kind == "i" else pa.float64()
    buffer = pa.py_buffer(np.ascontiguousarray(values, kind.to_pandas_dtype()))
    return pa.chunked_array([pa.Array.from_buffers(kind, values.size, [None, buffer])])
