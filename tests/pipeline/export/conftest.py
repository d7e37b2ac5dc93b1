"""One small project for all exports: three classes, people's decisions, soft labels, a split."""

import os

import pytest

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # `datasets` reads folders here, and asks nobody


def decide(project, *lines):
    """Decisions as (path, kind, what)."""
    with Ledger.open(project.settings.ledger_url) as ledger:
        n = len(ledger.decisions())
        said = [
            Decision(f"{n + k:032x}", path, kind, reviewer="ann", **about)
            for k, (path, kind, about) in enumerate(lines)
        ]
        ledger.decide(ledger.start("review", {}), said)


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """The project, and the paths of its images by class; spiral 0 became a merger, 1 is out."""
    project = Project(tmp_path_factory.mktemp("exported"))
    votes = {"n_votes": [41] * 40, "scheme": ["gz1-binary"] * 40,
             "label_source": ["gz1-binary raw"] * 40,
             "soft_spiral": [0.75] * 40, "soft_elliptical": [0.25] * 40}  # fmt: skip
    project.fetch(project.manifest("spiral", 40, **votes), side=24)
    project.fetch(project.manifest("merger", 20, dec=[45.0] * 20), side=24)
    project.fetch(project.manifest("nothing", 20, dec=[-5.0] * 20, objID=[0] * 20), side=24)
    dedupe(project.settings, pixels=None)
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = [one.path for one in ledger.outcomes()]
    by_class = {name: [p for p in paths if f"/{name}/" in p] for name in ("spiral", "merger")}
    spiral = by_class["spiral"]
    decide(project, (spiral[0], DecisionKind.LABEL, {"label": "merger"}),
           (spiral[1], DecisionKind.REJECT, {"reason": "satellite trail"}))  # fmt: skip
    split(project.settings, Manner(fractions=(0.6, 0.2, 0.2)))
    return project, by_class
