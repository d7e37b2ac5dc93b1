"""How the command line speaks."""

from galaxycurate.cli import face


def test_where_no_bar_is_seen_a_line_is_said_for_each_tenth_with_its_true_percent(capsys):
    with face.progress_bar("export") as progress:
        for done in (1, 2, 60, 61, 300, 602):
            progress(done, 602, "")
    said = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "export: 1 of 602 (0 %)", "export: 61 of 602 (10 %)", "export: 300 of 602 (49 %)",
        "export: 602 of 602 (100 %)",
    ]  # fmt: skip
