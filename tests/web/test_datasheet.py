from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from galaxycurate.errors import StorageError
from galaxycurate.pipeline.report.answered import Answered
from galaxycurate.pipeline.report.gather import gather
from galaxycurate.pipeline.report.training import Training
from galaxycurate.web import datasheet
from tests.pipeline.project import Project

SECTIONS = [
    "Motivation", "Composition", "Collection process", "Preprocessing, cleaning, labelling", "Uses",
    "Distribution", "Maintenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("sheet"))
    project.archive = "an archive | <b>with</b> `marks`"
    project.fetch(project.manifest("spiral", 4), rejected=1)
    project.fetch(project.manifest("a_b", 2))
    return gather(project.settings, training=project.training, shortcuts=False)


def test_it_has_the_seven_parts_of_gebru_in_their_order(facts):
    text = datasheet.render(facts)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert "Gebru et al. 2021" in text


def test_what_is_known_is_filled_in(facts):
    text = datasheet.render(facts)
    assert "| spiral | 4 | 3 |" in text
    assert "| all | 6 | 5 |" in text
    assert '- not among "pictures kept": 1 rejected: partly covered' in text
    assert "6 cutouts of 256 x 256 px at 0.396127 arcsec/pixel" in text
    assert facts.manifests[0].sha256 in text
    assert "York et al. 2000" in text
    assert "None yet." in text


@pytest.mark.parametrize(
    ("parts", "on"), [({"test": 5}, "was trained on it:"), ({"train": 5}, "on another split:")]
)
def test_a_training_on_another_split_is_not_said_to_be_of_this_one(facts, parts, on):
    trained = replace(
        facts, training=Training(Path(), accuracy=0.9), tested=Answered((), "", parts)
    )
    assert on in datasheet.render(trained)


def test_what_only_a_person_knows_is_left_to_them(facts):
    names = re.findall(r"<!-- yours: ([\w-]+) -->", datasheet.render(facts))
    assert len(names) == len(set(names)) >= 6
    assert {"motivation", "distribution", "maintenance"} <= set(names)


def test_no_table_is_torn_and_no_markup_of_others_gets_in(facts):
    text = datasheet.render(facts)
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block
    assert r"an archive \| \<b\>with\</b\> \`marks\`" in text
    assert r"| a\_b | 2 | 2 |" in text
    assert "\n\n\n\n" not in text


def test_what_a_person_wrote_stays(facts, tmp_path):
    path = tmp_path / "datasheet.md"
    datasheet.write(facts, path)
    mine = path.read_text().replace(datasheet.BLANK, "To find bars.\n\nPaid by {{ nobody }}.", 1)
    path.write_text(mine.replace("\n", "\r\n"))
    assert datasheet.write(facts, path) == path
    again = path.read_text()
    assert (
        "<!-- yours: motivation -->\nTo find bars.\n\nPaid by {{ nobody }}.\n<!-- end -->" in again
    )
    assert again.count(datasheet.BLANK) == mine.count(datasheet.BLANK)


def test_a_datasheet_of_somebody_else_is_left_alone(facts, tmp_path):
    path = tmp_path / "datasheet.md"
    path.write_text("# My own datasheet\n")
    assert datasheet.write(facts, path) is None
    assert path.read_text() == "# My own datasheet\n"


def test_one_that_cannot_be_read_is_not_written_over(facts, tmp_path):
    path = tmp_path / "datasheet.md"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError, match="would be lost") as caught:
        datasheet.write(facts, path)
    assert "move it away" in caught.value.hint
    assert path.read_bytes() == b"\xff\xfe"


def test_it_is_written_whole_or_not_at_all(facts, tmp_path):
    datasheet.write(facts, tmp_path / "out" / "datasheet.md")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["datasheet.md"]


def test_a_simulated_sky_is_called_so(facts):
    text = datasheet.render(replace(facts, simulated=True))
    assert "**SIMULATED SKY - not SDSS data.**" in text
    assert "SIMULATED" not in datasheet.render(facts)
