"""Small classifiers, asked about images of groups that they did not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.curation.areas import class_aucs, first_of_each, greatest

_FOLDS = 5
_FAR = 5.0  # standard deviations of guessing: chance is not asked beyond
_SHUFFLES = 19  # the least that tell one in twenty


@dataclass(frozen=True)
class Asked:
    """Numbers, classes and groups, and the folds in which they are learnt and asked."""

    values: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    seed: int
    folds: list

    @classmethod
    def of(cls, values: np.ndarray, truth: np.ndarray, group: np.ndarray, seed: int) -> Asked:
        """Number the groups, and deal them out to the folds."""
        from sklearn.model_selection import StratifiedGroupKFold

        groups = np.unique(group, return_inverse=True)[1]
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        return cls(values, truth, groups, seed, list(folds.split(truth, truth, groups)))

    def answers(self, make: Callable) -> np.ndarray:
        """Probabilities of images that the classifier did not learn from."""
        answers = np.zeros((len(self.truth), int(self.truth.max()) + 1))
        for learn, ask in self.folds:
            if len(np.unique(self.truth[learn])) > 1:
                model = make().fit(self.values[learn], self.truth[learn])
                answers[np.ix_(ask, model.classes_)] = model.predict_proba(self.values[ask])
        return answers

    def both(self):
        """Logistic regression for slopes, shallow trees for steps and unknown values."""
        from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        linear = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(max_iter=500, class_weight="balanced"),
        )
        trees = HistGradientBoostingClassifier(
            max_iter=30, max_depth=3, learning_rate=0.15, class_weight="balanced",
            min_samples_leaf=int(np.clip(len(self.truth) // 20, 5, 20)), early_stopping=False,
            random_state=self.seed,
        )  # fmt: skip
        return VotingClassifier([("linear", linear), ("trees", trees)], voting="soft")

    def tree(self):
        """A few leaves, for one feature alone."""
        from sklearn.tree import DecisionTreeClassifier

        least = int(np.clip(len(self.truth) // 50, 3, 20))
        return DecisionTreeClassifier(
            max_leaf_nodes=8, min_samples_leaf=least, class_weight="balanced",
            random_state=self.seed,
        )  # fmt: skip

    def alone(self) -> list[np.ndarray]:
        """Of each feature by itself, how well it tells each class."""
        columns = (replace(self, values=column[:, None]) for column in self.values.T)
        return [class_aucs(one.answers(one.tree), self.truth) for one in columns]

    def may_be_chance(self, auc: float) -> bool:
        """Whether so few groups might reach it by guessing (deviation: Mann and Whitney 1947)."""
        first = first_of_each(self.truth, self.groups)
        n = np.bincount(first)
        least, others = n.min(), n.sum() - n.min()
        deviation = np.sqrt((n.sum() + 1) / (12 * max(least, 1) * max(others, 1)))
        return bool(auc - 0.5 < _FAR * deviation)

    def chance(self, auc: float) -> float:
        """How often labels that were dealt out to the groups anew are told as well."""
        rng = np.random.default_rng(self.seed)
        first = first_of_each(self.truth, self.groups)
        for done in range(1, _SHUFFLES + 1):
            dealt = replace(self, truth=rng.permutation(first)[self.groups])
            if greatest(class_aucs(dealt.answers(dealt.both), dealt.truth)) >= auc:
                return 2 / (1 + done)  # that is above 0.05 however it goes on
        return 1 / (1 + _SHUFFLES)
