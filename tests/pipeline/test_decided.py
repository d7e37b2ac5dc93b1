"""What people decide changes what a split holds: in, out, under which class."""

import csv
import json
from pathlib import Path

import pytest

from galaxycurate.core.decision import Decision, DecisionKind, Keep
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.classed import below_class, image_of
from galaxycurate.pipeline.decided import Decided, read
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.check import check
from galaxycurate.pipeline.split.split import Manner, split
from galaxycurate.pipeline.status import status
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest
from tests.pipeline.project import Project
from train.data.tree import read_tree

A, B = "images/spiral/a.jpg", "images/elliptical/b.jpg"


def label(path, word, who="ann", **about):
    return Decision("", path, DecisionKind.LABEL, word, reviewer=who, **about)


def reject(path, reason, who="ann"):
    return Decision("", path, DecisionKind.REJECT, reason=reason, reviewer=who)


def pair(path, partner, keep):
    return Decision("", path, DecisionKind.PAIR, partner=partner, keep=keep, reviewer="ann")


def numbered(*decisions, first=0):
    return [
        Decision(**{**vars(one), "uid": f"{first + n:032x}"}) for n, one in enumerate(decisions)
    ]


def decide(project, *decisions):
    with Ledger.open(project.settings.ledger_url) as ledger:
        first = len(ledger.decisions())
        ledger.decide(ledger.start("review", {}), numbered(*decisions, first=first))


def of(*decisions, against=()):
    verdicts = [Verdict(path, kind, *partner, keep=False) for path, kind, *partner in against]
    return Decided.of(numbered(*decisions), verdicts, [])


@pytest.mark.parametrize(
    ("kind", "decision", "is_back"),
    [
        (VerdictKind.CONTAMINATED, label(A, "spiral"), True),
        (VerdictKind.CONFLICT, label(A, "spiral"), True),
        (VerdictKind.CONFLICT, pair(A, B, Keep.PATH), True),
        (VerdictKind.EXACT_FILE, label(A, "spiral"), False),  # right of it, and it is a copy
        (VerdictKind.EXACT_FILE, pair(A, B, Keep.BOTH), True),
        (VerdictKind.CONTAMINATED, pair(A, B, Keep.BOTH), False),  # nobody asked about that
        (VerdictKind.UNREADABLE, label(A, "spiral"), False),
        (VerdictKind.CONTAMINATED, reject(A, "trail"), False),
    ],
)
def test_a_decision_outweighs_the_verdicts_that_it_speaks_of(kind, decision, is_back):
    back = [(B, kind, A)] if kind is VerdictKind.CONFLICT else []  # it is held against both
    found = of(decision, against=[(A, kind, B), *back])
    assert (A in found.put_back, A in found.left_out) == (is_back, not is_back)


def test_a_class_that_people_gave_outweighs_the_audit_and_not_a_copy_beside_it():
    both = [(A, VerdictKind.EXACT_FILE), (A, VerdictKind.CONTAMINATED)]
    assert of(label(A, "merger"), against=both).left_out == {A: "exact file"}


def test_without_decisions_it_is_what_the_verdicts_say():
    found = of(against=[(A, VerdictKind.CONTAMINATED)])
    assert (found.left_out, found.put_back, found.label_of(B)) == (
        {A: "contaminated"}, {}, "elliptical",
    )  # fmt: skip


def test_grounds_count_verdicts_and_reasons_without_names():
    found = of(
        reject(A, "trail"), reject(B, "trail", who="ben"), label("images/x/c.jpg", "x"),
        label("images/x/c.jpg", "y", who="ben"), against=[("images/x/d.jpg", VerdictKind.COPY)],
    )  # fmt: skip
    paths = [A, B, "images/x/c.jpg", "images/x/d.jpg", "images/x/e.jpg"]
    assert found.grounds(paths) == {"rejected: trail": 2, "copy": 1, "reviewers disagree": 1}
    assert found.counted(paths) == {"relabelled": 0, "put_back": 0, "left_out": 3, "disputed": 1}


X, Y, Z = (f"images/spiral/{name}.jpg" for name in "xyz")
COPY = VerdictKind.COPY


def used(*decisions, against):
    """Which of three pictures splits use."""
    out = of(*decisions, against=against).left_out
    return "".join(path[-5] for path in (X, Y, Z) if path not in out)


@pytest.mark.parametrize(
    ("against", "decisions", "stay"),
    [
        # kept instead of another picture: the copy that dedupe chose stays the one
        ([(X, COPY, Z)], [pair(X, Y, Keep.PATH)], "z"),
        # x and z both kept instead of y: they are copies of one another still
        ([(X, COPY, Y), (Z, COPY, Y)], [pair(X, Y, Keep.PATH), pair(Y, Z, Keep.PARTNER)], "x"),
        ([(X, COPY, Y), (Y, COPY, Z)], [pair(X, Y, Keep.PATH)], "z"),
        ([(X, COPY, Y), (Z, COPY, Y)], [pair(X, Y, Keep.PATH)], "x"),
        # kept instead of the one that dedupe chose, which is a copy by way of a third
        ([(X, COPY, Y), (Y, COPY, Z)], [pair(X, Z, Keep.PATH)], "x"),
        ([(X, COPY, Y), (Y, COPY, Z)], [pair(X, Z, Keep.BOTH)], "xz"),
        # seen beside one another they are no copies any more
        ([(X, COPY, Y), (Z, COPY, Y)], [pair(X, Y, Keep.BOTH)], "xy"),
        ([(X, COPY, Y), (Z, COPY, Y)], [pair(X, Y, Keep.BOTH), pair(Y, Z, Keep.BOTH)], "xyz"),
        # one thing under two labels: whoever gives both a class has not said that it is two
        (
            [(X, VerdictKind.CONFLICT, Y), (Y, VerdictKind.CONFLICT, X)],
            [label(X, "spiral"), label(Y, "spiral")], "xz",
        ),
    ],
)  # fmt: skip
def test_of_copies_that_nobody_saw_beside_one_another_one_is_used(against, decisions, stay):
    assert used(*decisions, against=against) == stay


def test_a_copy_that_stays_out_tells_which_one_is_used():
    found = of(
        pair(X, Y, Keep.PATH), pair(Y, Z, Keep.PARTNER), against=[(X, COPY, Y), (Z, COPY, Y)]
    )
    assert found.left_out[Z] == f"copy: {X} shows the same, and is used"
    assert found.grounds([X, Y, Z]) == {"a person keeps the other of a pair": 1, "copy": 1}


def test_of_a_disputed_pair_stays_what_dedupe_chose():
    ann, ben = pair(X, Y, Keep.PATH), pair(X, Y, Keep.PARTNER)
    ben = Decision(**{**vars(ben), "reviewer": "ben"})
    for dropped, other in ((X, Y), (Y, X)):
        found = of(ann, ben, against=[(dropped, COPY, other)])
        assert (list(found.left_out), list(found.disputed)) == ([dropped], [Y])
        assert found.counted([X, Y])["disputed"] == 1


def test_a_copy_of_what_people_rejected_is_named_while_nobody_decided_on_it():
    against = [(A, VerdictKind.SAME_OBJECT, B)]  # dedupe left A out and uses B
    assert of(reject(A, "blurred"), against=against).spared == [B]
    assert of(reject(A, "blurred"), label(B, "spiral"), against=against).spared == []
    assert of(reject(B, "blurred"), against=against).spared == []  # neither is used
    assert of(pair(A, B, Keep.PARTNER), against=against).spared == []


def test_no_two_images_lie_under_one_name_in_a_tree():
    paths = ["images/a/x.jpg", "images/b/x.jpg", "images/b/x-from-a.jpg", "images/c/x.png"]
    assert below_class(paths, ["b"] * 4) == [
        "b/x-from-a-2.jpg", "b/x.jpg", "b/x-from-a.jpg", "b/x-from-c.png",
    ]  # fmt: skip


# ---- the whole circle, on the disk


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    """Relabel three, reject two, dispute one, take back a copy and a contaminated one; split."""
    project = Project(tmp_path_factory.mktemp("circle"))
    soft = {"soft_spiral": [0.9] * 30, "soft_elliptical": [0.1] * 30}
    spirals = project.manifest("spiral", 30, objID=[7, 7, *range(100, 128)], **soft)
    project.fetch(spirals, side=16)
    project.fetch(project.manifest("elliptical", 30, dec=[40.0] * 30), side=16)
    dedupe(project.settings, pixels=None)
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = [one.path for one in ledger.outcomes()]
        spiral = [path for path in paths if "/spiral/" in path]
        twins = [v for v in ledger.verdicts() if v.kind is VerdictKind.SAME_OBJECT]
        bad = Verdict(spiral[9], VerdictKind.CONTAMINATED, keep=False)
        told = [
            Verdict(o.path, VerdictKind.CLEAN, sha256=o.sha256)
            for o in ledger.outcomes() if o.path != bad.path
        ]  # fmt: skip
        sha256 = {o.path: o.sha256 for o in ledger.outcomes()}
        ledger.record("audit", {}, verdicts=[Verdict(**vars(bad) | {"sha256": sha256[bad.path]}),
                                             *told])  # fmt: skip
    decide(
        project, label(spiral[2], "elliptical"), label(spiral[3], "merger"),
        label(spiral[4], "elliptical"), reject(spiral[5], "satellite trail"),
        reject(spiral[6], "satellite trail"), label(spiral[7], "spiral"),
        label(spiral[7], "merger", who="ben"), label(bad.path, "spiral"),
        pair(twins[0].path, twins[0].partner, Keep.BOTH),
    )  # fmt: skip
    made = split(project.settings, Manner(fractions=(0.6, 0.2, 0.2)))
    return project, spiral, twins[0], made


def tree_of(project):
    root = Path(project.settings.dataset) / "split"
    return {p.relative_to(root).as_posix() for p in root.rglob("*.jpg")}


def test_the_tree_holds_what_people_decided(circle):
    project, spiral, twin, made = circle
    where = {Path(p).name: Path(p).parent.name for p in tree_of(project)}
    names = [Path(path).name for path in spiral]
    assert [where.get(names[k]) for k in (2, 3, 4)] == ["elliptical", "merger", "elliptical"]
    assert [where.get(names[k]) for k in (5, 6, 7)] == [None, None, None]
    assert where[names[9]] == where[Path(twin.path).name] == "spiral"
    assert made.images == 57
    assert made.left_out_why == {"rejected: satellite trail": 2, "reviewers disagree": 1}
    assert made.decided == {"relabelled": 3, "put_back": 2, "left_out": 3, "disputed": 1}


def test_pictures_in_the_dataset_do_not_move_and_split_json_tells_what_people_did(circle):
    project, spiral, _twin, _made = circle
    root = Path(project.settings.dataset)
    assert all((root / path).is_file() for path in spiral)
    about = json.loads((root / "split" / "split.json").read_text())
    assert about["left_out_why"]["rejected: satellite trail"] == 2
    assert about["classes"]["elliptical"] == 32
    assert {name for counts in about["splits"].values() for name in counts} == {
        "spiral", "elliptical", "merger",
    }  # fmt: skip


def test_dedupe_counts_as_left_out_what_the_split_leaves_out(circle):
    project, _spiral, _twin, made = circle
    found = dedupe(project.settings, pixels=None, dry_run=True)
    assert (found.dropped, found.put_back) == (
        {},
        1,
    )  # the copy that a person keeps beside its twin
    assert len(found.left_out) == made.left_out == 3
    assert found.audited == (status(project.settings).next[0].command != "galaxycurate audit")


def test_twins_that_a_person_keeps_both_stay_in_one_split(circle):
    project, _spiral, twin, made = circle
    with Ledger.open(project.settings.ledger_url) as ledger:
        places = ledger.places("split")
    assert places[twin.path] == places[twin.partner]
    assert made.leaking_pairs.total() == 0


def test_files_under_another_class_lead_back_to_their_image(circle):
    project, spiral, _twin, _made = circle
    root = Path(project.settings.dataset) / "split"
    image = image_of(root)
    found = {image(path) for path in tree_of(project)}
    assert {spiral[2], spiral[3], spiral[4]} <= found
    assert all((root.parent / path).is_file() for path in found)
    assert all("no images of merger" in words for words in read_tree(root).warnings)
    checked = check(root.parent, project.settings)  # positions of moved files are known, too
    assert checked.known_positions == checked.images == 57


def test_votes_are_no_soft_label_of_a_picture_that_got_another_class(circle):
    project, spiral, _twin, _made = circle
    with (Path(project.settings.dataset) / "split" / "soft.csv").open() as file:
        rows = {Path(row["path"]).name for row in csv.DictReader(file)}
    assert Path(spiral[8]).name in rows
    assert Path(spiral[2]).name not in rows


def test_status_counts_the_decided_classes_and_asks_for_a_split_when_decisions_came(circle):
    project, spiral, _twin, made = circle
    found = status(project.settings)
    assert found.splits == made.counts
    assert (found.decisions, found.reviewers) == (
        {"label": 6, "reject": 2, "pair": 1}, {"ann": 8, "ben": 1},
    )  # fmt: skip
    assert found.decided == made.decided
    assert [step.command.split()[:2] for step in found.next] == [
        ["python", "-m"], ["galaxycurate", "review"],
    ]  # fmt: skip
    assert found.next[1].why == "for a person: 1 disputed"
    decide(project, label(spiral[8], "spiral"))  # it has that class: the split stands
    assert status(project.settings).next[0].command.startswith("python -m train")
    decide(project, label(spiral[8], "merger"))
    later = status(project.settings)
    assert (later.next[0].command, later.next[0].why) == (
        "galaxycurate split", "2 decisions since the last split",
    )  # fmt: skip
    assert later.splits == made.counts  # as the tree is, not as the next one will be
    with Ledger.open(project.settings.ledger_url) as ledger:
        last = ledger.decisions()[-1]
    decide(project, Decision("", last.path, DecisionKind.UNDO, undoes=last.uid, reviewer="ann"))
    assert status(project.settings).next[0].command.startswith("python -m train")
    decide(project, label(spiral[8], "merger"))  # four lines came, two of them stand
    assert status(project.settings).next[0].why == "2 decisions since the last split"


def test_two_files_of_one_name_in_one_class_both_keep_their_place(tmp_path):
    project = Project(tmp_path)
    spirals = project.manifest("spiral", 12)
    project.fetch(spirals, side=16)
    other = project.manifest("merger", 12, dec=[50.0] * 12)
    names = spirals.column("name")
    columns = {n: other.column(n) for n in other.table.column_names} | {"name": names}
    project.fetch(Manifest.build(other.header, columns, where="test").write(other.path), side=32)
    dedupe(project.settings, pixels=None)
    decide(project, label(f"images/spiral/{names[0]}.jpg", "merger"))
    assert split(project.settings).images == 24
    files = {Path(path).name for path in tree_of(project) if "/merger/" in path}
    assert {f"{names[0]}.jpg", f"{names[0]}-from-spiral.jpg"} <= files
    assert len(files) == 13


def test_all_rejected_is_told_as_such(tmp_path):
    project = Project(tmp_path)
    project.fetch(project.manifest("spiral", 3), side=16)
    dedupe(project.settings, pixels=None)
    with Ledger.open(project.settings.ledger_url) as ledger:
        paths = [one.path for one in ledger.outcomes()]
    decide(project, *(reject(path, "no galaxy") for path in paths))
    with pytest.raises(Exception, match="left out by dedupe, audit or people"):
        split(project.settings)
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert set(read(ledger).left_out) == set(paths)
