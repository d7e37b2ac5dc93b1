"""A small dataset that waits for people."""

import uuid

import pytest

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.review.session import Session
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project


@pytest.fixture
def project(tmp_path):
    """Six spirals and four ellipticals at SDSS's own scale, of 48 pixels."""
    made = Project(tmp_path)
    made.fetch(made.manifest("spiral", 6, size_px=[48] * 6, redshift=[0.05] * 6), side=48)
    made.fetch(made.manifest("elliptical", 4, size_px=[48] * 4), side=48)
    return made


@pytest.fixture
def paths(project):
    """All paths of the project, as a review without a filter shows them."""
    with opened(project) as session:
        return [entry.path for entry in session.entries]


def opened(project, **wanted) -> Session:
    """A review of a project, by anna unless it says otherwise."""
    return Session.open(project.settings, Wanted(**{"reviewer": "anna", **wanted}))


def said(session: Session, place: int, kind: str, **what) -> dict:
    """What a page sends about the item at a place."""
    key = session.items(place, 1)[0]["key"]
    return {"uid": uuid.uuid4().hex, "key": key, "kind": kind, "took_ms": 700, **what}


def judged(project, command: str, *verdicts: Verdict, **parameters) -> None:
    """Verdicts of a command in the project's ledger."""
    with Ledger.open(project.settings.ledger_url) as ledger:
        ledger.record(command, parameters, verdicts=verdicts)


def pair(first: str, second: str, kind=VerdictKind.COPY, **about) -> Verdict:
    """What dedupe says of two pictures: the second lies on the first, 5 px to the right."""
    base = {"tier": "noise", "dx": 5.0, "dy": 0.0, "score": 40.0, "evidence": "shift 5.0, 0.0 px"}
    return Verdict(second, kind, first, **{**base, **about})
