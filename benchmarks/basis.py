"""How `galaxycurate/curation/pixels/basis.npz` was made: patterns of sky patches that turn well.

    python -m benchmarks.basis FOLDER... [--pictures 1500] [--seed 1] [--out FILE]

Patches around the marks of many pictures; their mean and covariance made alike under the eight
turns; principal components within each irreducible representation of the square's symmetry group.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from galaxycurate.curation.pixels import codes, marks

OUT = Path(codes.__file__).with_name("basis.npz")


def patches(files: list[Path]) -> np.ndarray:
    """Patches around the marks of pictures, each of mean 0 and length 1."""
    found = []
    for file in files:
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None or min(picture.shape[:2]) < 64:
            continue
        rgb = np.ascontiguousarray(picture[..., ::-1])
        size = marks.seen(rgb.shape[1], rgb.shape[0])
        grey = marks.luminance(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
        found.append(marks.patches_of(marks.band(grey))[2])
    rows = np.concatenate(found)
    rows = rows - rows.mean(1, keepdims=True)
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)


def operators() -> np.ndarray:
    """The eight turns as matrices on patches, shape (8, 64, 64)."""
    return np.stack([np.eye(codes.SIDE**2)[codes.turned_patch(flip)] for flip in range(8)])


def components(covariance: np.ndarray, projector: np.ndarray, wanted: int) -> tuple:
    """Eigenvalues and vectors of a covariance within a subspace, the strongest first."""
    values, vectors = np.linalg.eigh(projector @ covariance @ projector)
    return values[::-1][:wanted], vectors.T[::-1][:wanted]


def made(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, patterns in the order of `codes`, and the patterns' variances."""
    turns = operators()
    mean = np.mean(turns @ rows.mean(0), axis=0)
    plain = np.cov(rows.T)
    covariance = np.mean([t @ plain @ t.T for t in turns], axis=0)
    quarter, mirror = turns[1], turns[4]
    values, patterns = [], []
    for of_quarter in (1, -1):
        for of_mirror in (1, -1):
            signs = [of_quarter ** (flip % 4) * of_mirror ** (flip // 4) for flip in range(8)]
            projector = np.tensordot(signs, turns, 1) / 8
            rank = round(np.trace(projector))
            v, p = components(covariance, projector, rank)
            values, patterns = [*values, *v], [*patterns, *p]
    single = np.argsort(values)[::-1][: 64 - 2 * codes.PAIRED]
    other = turns[6]  # a mirror top to bottom
    odd_in_x = (np.eye(64) - mirror) / 2 @ (np.eye(64) + other) / 2
    paired, ex = components(covariance, odd_in_x, codes.PAIRED)
    rows_of = np.concatenate([ex, ex @ quarter.T, np.array(patterns)[single]])
    rows_of[-1] = 0  # the constant: patches have no mean
    return mean, rows_of, np.concatenate([paired, paired, np.array(values)[single]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    files = sorted(f for folder in asked.folders for f in folder.rglob("*.jp*g"))
    some = np.random.default_rng(asked.seed).permutation(len(files))[: asked.pictures]
    rows = patches([files[k] for k in some])
    mean, patterns, variances = made(rows)
    np.savez_compressed(
        asked.out, mean=mean.astype(np.float32), patterns=patterns.astype(np.float32)
    )
    print(f"{rows.shape[0]:,} patches of {some.size:,} pictures -> {asked.out}")
    print("variances", np.array2string(variances, precision=4, max_line_width=100))


if __name__ == "__main__":
    main()
