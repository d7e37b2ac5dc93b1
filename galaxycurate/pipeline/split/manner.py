"""How a split is made: shares, grouping, strategy, folds, guard."""

from __future__ import annotations

from dataclasses import dataclass

from galaxycurate.curation.split.assign import NAMES, check_fractions
from galaxycurate.curation.split.divide import check_guard
from galaxycurate.curation.split.grouping import check_grouping
from galaxycurate.errors import SettingError

STRATEGIES = ("stratified", "random")


@dataclass(frozen=True)
class Manner:
    """How a split is made.

    Parameters
    ----------
    fractions : sequence of float
        Of train, val and test; they add up to 1. With folds only that of test counts.
    grouping : str
        What stays together: ``overlap`` (everything that dedupe found), ``object``, ``field``,
        ``field+next`` or ``healpix:N``. Whatever it is, no shared sky lies across splits.
    strategy : str
        ``stratified`` by class, or ``random``.
    folds : int
        0 for train, val and test; else so many folds.
    guard : str
        What happens where shared sky would cross: ``auto``, ``tiles``, ``tiles:DEG``, ``none``.
    """

    fractions: tuple[float, ...] = ()
    grouping: str = "overlap"
    strategy: str = "stratified"
    folds: int = 0
    guard: str = "auto"

    def __post_init__(self):
        given = self.fractions or ((1, 0, 0) if self.folds else (0.8, 0.1, 0.1))
        object.__setattr__(self, "fractions", check_fractions(given))
        if self.folds and self.fractions and not given[2] and given[1]:
            raise SettingError(
                f"with folds the share of val ({given[1]:g}) has no meaning: each fold is the val "
                "of another, and only a test set can be kept aside",
                hint="--folds 5 --fractions 0.8,0,0.2, or no --fractions",
            )
        check_grouping(self.grouping)
        check_guard(self.guard)
        if self.strategy not in STRATEGIES:
            raise SettingError(
                f"no such strategy: {self.strategy}", hint="--strategy stratified or random"
            )
        if self.folds and not 3 <= self.folds <= 99:
            raise SettingError(
                f"folds = {self.folds} is outside 3 to 99",
                hint="with two folds nothing is left for val; see --fractions",
            )

    @property
    def parts(self) -> dict[str, float]:
        """The share of each part, by name."""
        if not self.folds:
            return dict(zip(NAMES, self.fractions, strict=True))
        test = self.fractions[2]
        folds = {f"fold-{k + 1}": (1 - test) / self.folds for k in range(self.folds)}
        return folds | ({"test": test} if test else {})
