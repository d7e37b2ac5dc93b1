"""What the detector is and how it learns: the preset `detect`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from galaxycurate.errors import SettingError


@dataclass(frozen=True)
class Recipe:
    """Settings of the detector.

    Attributes
    ----------
    tile_px, overlap_px : int
        Side of a tile, and how much of it the next one repeats [pixel]. A galaxy up to half of
        that off its own tile's core is seen whole.
    faintest_r : float
        Galaxies fainter than this are no targets of the training [mag].
    least_side_px : float
        Boxes are never smaller: what is less wide than two PSFs has no edge to find [pixel].
    channels : int
        Of the feature pyramid; a multiple of 32.
    steps, batch : int
        Steps of the training, tiles in each.
    lr, weight_decay : float
        Of AdamW; the rate rises for a tenth of the steps and falls to 0 on a cosine.
    seed : int
    score : float
        What scores less is not told.
    nms_iou : float
        Of two boxes that share more than this, the better one stays.
    """

    tile_px: int = 256
    overlap_px: int = 64
    faintest_r: float = 21.0
    least_side_px: float = 10.0
    channels: int = 64
    steps: int = 250
    batch: int = 8
    lr: float = 2e-3
    weight_decay: float = 1e-4
    seed: int = 0
    score: float = 0.5
    nms_iou: float = 0.4

    def __post_init__(self):
        for name, good, range_ in (
            ("tile_px", self.tile_px >= 64 and self.tile_px % 32 == 0, "a multiple of 32 from 64"),
            ("overlap_px", 0 <= self.overlap_px <= self.tile_px // 2, "0 to half of tile_px"),
            ("channels", self.channels >= 32 and self.channels % 32 == 0, "a multiple of 32"),
            ("steps", self.steps >= 1, "1 or more"),
            ("batch", self.batch >= 1, "1 or more"),
            ("lr", self.lr > 0, "above 0"),
            ("least_side_px", self.least_side_px > 0, "above 0"),
            ("score", 0 <= self.score < 1, "0 to 1"),
            ("nms_iou", 0 < self.nms_iou < 1, "0 to 1"),
        ):
            if not good:
                raise SettingError(
                    f"{name} = {getattr(self, name)} is outside its range", hint=f"{name}: {range_}"
                )

    def as_dict(self) -> dict[str, float | int]:
        """Names and values, for a checkpoint."""
        return asdict(self)


def changed(recipe: Recipe, values: dict[str, object]) -> Recipe:
    """The recipe with other values, given as text or as numbers.

    Raises
    ------
    SettingError
        A name that is none of its settings, or a value of another type.
    """
    known = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    typed = {}
    for name, value in values.items():
        if name not in known:
            raise SettingError(
                f"detect has no setting {name}", hint="settings: " + ", ".join(known)
            )
        try:
            typed[name] = known[name](value)
        except (TypeError, ValueError) as error:
            raise SettingError(
                f"{name} = {value} is no {known[name].__name__}", hint=f"--set {name}=NUMBER"
            ) from error
    return replace(recipe, **typed)
