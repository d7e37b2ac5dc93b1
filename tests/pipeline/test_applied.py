"""Decisions out of files: every mistake is told by line and column, and nothing is written then."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest

from galaxycurate.cli import review_apply
from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.errors import InputError
from galaxycurate.pipeline.agreed import agreed
from galaxycurate.pipeline.applied import apply
from galaxycurate.pipeline.decision_file import COLUMNS
from galaxycurate.pipeline.review.looks import key_of
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("applied"))
    project.fetch(project.manifest("spiral", 6), rejected=1, side=16)
    project.fetch(project.manifest("merger", 2, dec=[40.0] * 2), side=16)
    return project


@pytest.fixture(scope="module")
def paths(project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return [one.path for one in ledger.outcomes() if str(one.status) == "ok"]


@pytest.fixture
def clean(project):
    """A copy of the ledger: decisions of one test are none of another's."""
    root = Path(project.settings.dataset)
    shutil.copytree(root, root.with_name("copy"), dirs_exist_ok=True)
    yield replace(project.settings, dataset=str(root.with_name("copy")))
    shutil.rmtree(root.with_name("copy"))


def write(tmp_path, text, *, encoding="utf-8"):
    file = tmp_path / "decisions.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return file


def decisions(settings):
    with Ledger.open(settings.ledger_url) as ledger:
        return ledger.decisions()


def test_a_file_by_hand_needs_path_and_kind_and_applied_twice_is_applied_once(
    clean, paths, tmp_path
):
    text = f"path,kind,label,reason\n{paths[0]},label,spiral,\n\n{paths[1]},Reject,,bright star\n"
    file = write(tmp_path, text)
    first = apply(clean, file, reviewer="ann")
    assert (first.lines, first.new, first.kinds) == (2, 2, {"label": 1, "reject": 1})
    again = apply(clean, file, reviewer="ann")
    assert (again.lines, again.new) == (2, 0)
    told = decisions(clean)
    assert [(d.kind, d.label, d.reason, d.reviewer) for d in told] == [
        (DecisionKind.LABEL, "spiral", "", "ann"), (DecisionKind.REJECT, "", "bright star", "ann"),
    ]  # fmt: skip
    assert all(len(d.sha256) == 64 for d in told)  # the picture that is there now


def test_the_columns_are_those_of_a_decision_and_all_of_them_come_through(clean, paths, tmp_path):
    assert tuple(f.name for f in fields(Decision) if f.name != "time_utc") == COLUMNS
    one = Decision(
        "ab" * 16, paths[0], DecisionKind.PAIR, partner=paths[1], keep="partner", reviewer="eve",
        queue="pairs", sha256="cd" * 32, partner_sha256="ef" * 32, blind=1, again=1, took_ms=812,
    )  # fmt: skip
    line = ",".join(str(getattr(one, name)) for name in COLUMNS)
    file = write(tmp_path, f"\N{BOM}{','.join(COLUMNS)}\r\n{line}\r\n")
    assert apply(clean, file).outdated == 1  # of another picture than today's
    (back,) = decisions(clean)
    assert vars(back) | {"time_utc": ""} == vars(one)


def replaced(settings, path, sha256="ee" * 32):
    """Another picture came in the place of one."""
    with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
        (one,) = (one for one in ledger.outcomes() if one.path == path)
        ledger.add_outcomes(ledger.start("download", {}), [replace(one, sha256=sha256)])


def test_a_pair_is_of_the_two_pictures_that_are_there_now(clean, paths, tmp_path):
    apply(clean, write(tmp_path, f"path,kind,partner,keep\n{paths[1]},pair,{paths[0]},path\n"))
    with Ledger.open(clean.ledger_url) as ledger:
        now = ledger.sha256_of(paths[:2])
        (line,) = ledger.decisions()
    assert (line.sha256, line.partner_sha256) == (now[paths[1]], now[paths[0]])


def test_lines_without_a_uid_are_said_anew_of_a_new_picture(clean, paths, tmp_path):
    file = write(tmp_path, f"path,kind,label\n{paths[0]},label,merger\n")
    assert apply(clean, file).new == 1
    replaced(clean, paths[0])
    assert (apply(clean, file).new, apply(clean, file).new) == (1, 0)
    assert {one.sha256 for one in decisions(clean)} >= {"ee" * 32}


def test_lines_on_an_older_picture_are_told_each_time(clean, paths, tmp_path):
    uid = "1" * 32
    file = write(tmp_path, f"uid,path,kind,label\n{uid},{paths[0]},label,merger\n")
    assert apply(clean, file).outdated == 0
    replaced(clean, paths[0])
    again = apply(clean, file)
    assert (again.new, again.outdated) == (0, 1)


def test_one_file_for_two_datasets_of_a_database_is_in_both(project, paths, tmp_path):
    file = write(tmp_path, f"path,kind,label\n{paths[0]},label,merger\n")
    url = f"sqlite:///{tmp_path}/team.sqlite"
    teams = [replace(project.settings, db=url, dataset_name=name) for name in ("a", "b")]
    with Ledger.open(project.settings.ledger_url) as ledger:
        outcomes = list(ledger.outcomes())
    for one in teams:
        with Ledger.open(one.ledger_url, one.ledger_dataset) as ledger:
            ledger.add_outcomes(ledger.start("download", {}), outcomes)
        assert [apply(one, file).new, apply(one, file).new] == [1, 0]
        with Ledger.open(one.ledger_url, one.ledger_dataset) as ledger:
            assert [line.path for line in ledger.decisions()] == [paths[0]]


def test_a_word_said_again_after_another_counts_again(clean, paths, tmp_path):
    lines = "".join(f"{paths[0]},label,{word}\n" for word in ("spiral", "merger", "spiral"))
    assert apply(clean, write(tmp_path, f"path,kind,label\n{lines}")).new == 3


def test_a_line_of_the_file_may_be_undone_by_a_later_one(clean, paths, tmp_path):
    uid = "0" * 32
    text = f"uid,path,kind,label,undoes\n{uid},{paths[0]},label,spiral,\n,{paths[0]},undo,,{uid}\n"
    assert apply(clean, write(tmp_path, text)).kinds == {"label": 1, "undo": 1}


def test_a_line_of_a_blind_page_is_found_by_its_key_and_is_a_second_look_where_that_was_one(
    clean, paths, tmp_path
):
    with Ledger.open(clean.ledger_url) as ledger:
        sha256 = ledger.sha256_of(paths)
    one, other, pair = paths[0], paths[1], sorted(paths[2:4])
    lines = [
        f"{key_of(one)},,label,merger,,{sha256[one]},",
        f"{key_of(one, again=True)},,label,spiral,,{sha256[one]},",
        f"{key_of(other, again=True)},,label,spiral,,{sha256[other]},",  # passed over before
        f"{key_of(*pair)},,pair,,both,{sha256[pair[0]]},{sha256[pair[1]]}",
    ]
    text = "\n".join(["key,path,kind,label,keep,sha256,partner_sha256", *lines])
    file = write(tmp_path, text)
    assert apply(clean, file, reviewer="ann").new == 4
    found = decisions(clean)
    assert [line.path for line in found] == [one, one, other, pair[0]]
    assert found[3].partner == pair[1]
    assert [line.again for line in found] == [0, 1, 0, 0]
    assert apply(clean, file, reviewer="ann").new == 0
    undo = write(tmp_path, f"path,kind,undoes\n,undo,{found[1].uid}\n")
    assert apply(clean, undo, reviewer="ann").new == 1
    assert decisions(clean)[-1].path == one


def test_a_line_of_a_blind_page_on_a_picture_that_came_anew_is_kept_and_says_nothing(
    clean, paths, tmp_path
):
    text = f"uid,key,path,kind,sha256\n{'3' * 32},{key_of(paths[0])},,unsure,{'d' * 64}\n"
    found = apply(clean, write(tmp_path, text), reviewer="ann")
    assert (found.new, found.outdated, decisions(clean)[0].path) == (1, 1, paths[0])


def test_a_second_look_that_stands_twice_is_not_its_own_first_one(clean, paths, tmp_path):
    line = f"{'4' * 32},{key_of(paths[0], again=True)},,label,spiral\n"
    file = write(tmp_path, f"uid,key,path,kind,label\n{line}{line}")
    assert apply(clean, file, reviewer="ann").new == 1
    assert [one.again for one in decisions(clean)] == [0]


def test_a_second_look_at_a_picture_that_came_anew_is_the_first(clean, paths, tmp_path):
    apply(clean, write(tmp_path, f"path,kind,label\n{paths[0]},label,spiral\n"), reviewer="ann")
    replaced(clean, paths[0])
    text = f"key,path,kind,label\n{key_of(paths[0], again=True)},,label,merger\n"
    apply(clean, write(tmp_path, text), reviewer="ann")
    assert [one.again for one in decisions(clean)] == [0, 0]


EDITED = [
    ("label", "merger", "'spiral', this says 'merger'"), ("path", "{b}", "{b}"),
    ("kind", "reject", "'label', this says 'reject'"), ("sha256", "d" * 64, "this says 'ddd"),
    ("reviewer", "ben", "'ann', this says 'ben'"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "word", "said"), EDITED)
def test_a_line_that_the_ledger_has_and_that_was_edited_since_is_refused(
    clean, paths, tmp_path, column, word, said
):
    cells = {"uid": "5" * 32, "path": paths[0], "kind": "label", "label": "spiral",
             "reviewer": "ann", "sha256": ""}  # fmt: skip

    def file_of(cells):
        return write(tmp_path, f"{','.join(cells)}\n{','.join(cells.values())}\n")

    assert apply(clean, file_of(cells)).new == 1
    edited = cells | {column: word.replace("{b}", paths[1])}
    edited["label"] = edited["label"] if edited["kind"] == "label" else ""
    for dry_run in (True, False):
        with pytest.raises(InputError, match=f"line 2, column {column}: the ledger has") as caught:
            apply(clean, file_of(edited), dry_run=dry_run)
    assert said.replace("{b}", paths[1]) in str(caught.value)
    assert "leave its uid out to say something new" in caught.value.hint
    assert len(decisions(clean)) == 1
    assert apply(clean, file_of(cells)).new == 0
    del edited["uid"], edited["sha256"]
    assert apply(clean, file_of(edited)).new == 1


def test_a_pair_that_is_told_the_other_way_round_is_no_edited_one(clean, paths, tmp_path):
    names = "uid,path,kind,partner,keep"
    a, b = paths[:2]
    apply(clean, write(tmp_path, f"{names}\n{'6' * 32},{a},pair,{b},path\n"))
    turned = f"{names}\n{'6' * 32},{b},pair,{a}"
    assert apply(clean, write(tmp_path, f"{turned},partner\n")).new == 0
    with pytest.raises(InputError, match="column keep: the ledger has the line 666"):
        apply(clean, write(tmp_path, f"{turned},path\n"))


def test_the_apostrophe_before_what_looks_like_a_formula_is_taken_off(clean, paths, tmp_path):
    said = ["=HYPERLINK(1)", "-1 mag", "'tis a star", "it's +1"]
    written = ["'=HYPERLINK(1)", "'-1 mag", "''tis a star", "it's +1"]
    rows = [f"{path},reject,{text}" for path, text in zip(paths, written, strict=False)]
    apply(clean, write(tmp_path, "\n".join(["path,kind,reason", *rows])), reviewer="ann")
    assert [line.reason for line in decisions(clean)] == said


def test_dry_run_checks_and_writes_nothing(clean, paths, tmp_path):
    file = write(tmp_path, f"path,kind,label\n{paths[0]},label,spiral\n")
    assert apply(clean, file, dry_run=True).new == 1
    assert decisions(clean) == []


def test_a_new_class_must_be_asked_for(clean, paths, tmp_path):
    file = write(tmp_path, f"path,kind,label\n{paths[0]},label,ring\n")
    with pytest.raises(InputError, match="no picture is of the class 'ring'") as caught:
        apply(clean, file)
    assert "--new-class ring" in caught.value.hint
    assert apply(clean, file, classes=["ring"]).new == 1
    other = write(tmp_path, f"path,kind,label\n{paths[1]},label,ring\n")
    assert apply(clean, other).new == 1  # by now there is one
    with pytest.raises(InputError, match="cannot be a file name"):
        apply(clean, file, classes=["../ring"])


WRONG = [
    ('path,kind,reviewer\n{a},unsure,"ann, again"\n', "read as somebody's second looks"),
    ("path,kind,label\n{a},label,spiral\n{a}x,reject,\n", "line 3, column path: no picture"),
    ("path,kind\nimages/spiral/1.2376622E+18.jpg,unsure\n", "its id went through a float"),
    ("path,kind\n{a},rejct\n", "column kind: 'rejct' is no kind"),
    ("path,kind\n{a},\n", "column kind: it is empty"),
    ("path,kind\n,reject\n", "column path: it is empty"),
    ("path,kind\n{a},label\n", "column label: it is empty, and label needs it"),
    ("path,kind,label\n{a},label,sprial\n", "column label: no picture is of the class 'sprial'"),
    ("path,kind,label\n{a},reject,spiral\n", "column label: reject has no label"),
    ("path,kind,partner,keep\n{a},pair,{b},\n", "column keep: it is empty"),
    ("path,kind,partner,keep\n{a},pair,{b},left\n", "'left' is none of path, partner, both"),
    ("path,kind,partner,keep\n{a},pair,{a},both\n", "no pair with itself"),
    ("path,kind,undoes\n{a},undo," + "0" * 32 + "\n", "no decision has the uid"),
    ("path,kind,uid\n{a},unsure,12\n", "column uid: '12' is not 32 hexadecimal digits"),
    ("path,kind,blind\n{a},unsure,yes\n", "column blind: 'yes' is not 0 or 1"),
    ("path,kind,took_ms\n{a},unsure,1.5\n", "column took_ms: '1.5' is not a whole number"),
    ("path,kind,reason\n{a},reject,trail, bright\n", "line 2 has 4 cells"),
    ('path,kind\n"{a},unsure\n', "line 2: unexpected end of data"),
    ("uid,path,kind\n" + "1" * 32 + ",{a},unsure\n" + "1" * 32 + ",{b},unsure\n", "line 3, column"),
    ("path,kind,kind\n{a},unsure,unsure\n", "has the column kind twice"),
    ("path,kind,lable\n{a},label,spiral\n", "decisions have no column 'lable'"),
    ("path;kind\n{a};unsure\n", "separated by semicolons"),
    ("path\n{a}\n", "no column kind"),
    ("path,kind\n", "holds no decision"),
    ("", "no column path and no column kind"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_and_nothing_is_written(project, paths, tmp_path, text, said):
    file = write(tmp_path, text.replace("{a}", paths[0]).replace("{b}", paths[1]))
    with pytest.raises(InputError) as caught:
        apply(project.settings, file)
    assert said in str(caught.value)
    assert caught.value.hint
    assert decisions(project.settings) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("path,kind\n\xe9,reject\n".encode("latin-1"), "line 2 is not UTF-8"),
        ("path,kind\n".encode("utf-16"), "is UTF-16"),
        (b"path,kind\na\0,reject\n", "no picture of the dataset is called"),
    ],
)
def test_bytes_that_are_no_text_are_refused(project, tmp_path, body, said):
    with pytest.raises(InputError, match=said):
        apply(project.settings, write(tmp_path, body))


def test_a_key_of_no_picture_is_named(clean, tmp_path):
    file = write(tmp_path, f"key,path,kind\n{'0' * 24},,unsure\n")
    with pytest.raises(InputError, match=f"line 2, column key: {'0' * 24} is no picture"):
        apply(clean, file)
    assert decisions(clean) == []


def test_another_persons_decision_is_not_undone(clean, paths, tmp_path):
    apply(clean, write(tmp_path, f"uid,path,kind,reviewer\n{'1' * 32},{paths[0]},unsure,ann\n"))
    text = f"path,kind,undoes,reviewer\n{paths[0]},undo,{'1' * 32},ben\n"
    with pytest.raises(InputError, match="is a decision of ann, not of ben"):
        apply(clean, write(tmp_path, text))


def test_agreement_counts_each_reviewer_and_tells_kappa(clean, paths, tmp_path):
    words = {"ann": ["spiral", "merger", "spiral", "merger"],
             "ben": ["spiral", "merger", "merger", "merger"]}  # fmt: skip
    rows = [
        f"{path},label,{word},{who},{1000 * (k + 1)}"
        for who, some in words.items()
        for k, (path, word) in enumerate(zip(paths, some, strict=False))
    ]
    apply(clean, write(tmp_path, "path,kind,label,reviewer,took_ms\n" + "\n".join(rows)))
    found = agreed(clean)
    assert [(one.name, one.kinds, one.median_s) for one in found.reviewers] == [
        ("ann", {"label": 4}, 2.5), ("ben", {"label": 4}, 2.5),
    ]  # fmt: skip
    (both,) = found.agreements
    assert (both.n, both.agreed, both.kappa) == (4, 3, 0.5)  # chance 0.5, seen 0.75
    assert found.as_dict()["agreements"][0]["kappa"] == 0.5


def test_without_decisions_agreement_says_how_to_begin(project):
    with pytest.raises(InputError, match="nobody has decided anything yet"):
        agreed(project.settings)


def test_a_missing_file_is_told_with_what_lies_beside_it(project, paths, tmp_path):
    write(tmp_path, f"path,kind\n{paths[0]},unsure\n")
    with pytest.raises(InputError, match="no such file") as caught:
        apply(project.settings, tmp_path / "decision.csv")
    assert "did you mean" in caught.value.hint


def test_the_command_says_what_it_appended_and_what_comes_next(clean, paths, tmp_path, capsys):
    file = write(tmp_path, f"path,kind,label\n{paths[0]},label,merger\n")
    review_apply.apply(clean, Wanted(reviewer="ann"), file, dry_run=False, as_json=False)
    said = capsys.readouterr()
    assert said.out == f"{file}: 1 decision, 1 appended (1 label)\n"
    assert said.err == "  1 by ann\nnext: galaxycurate dedupe\n"  # as status says
    review_apply.apply(clean, Wanted(reviewer="ann"), file, dry_run=False, as_json=True)
    assert json.loads(capsys.readouterr().out)["new"] == 0
    review_apply.agreement(clean, as_json=False)
    assert "ann: 0 blind, 0 second looks, time not measured" in capsys.readouterr().out
