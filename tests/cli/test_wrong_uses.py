"""What a new user gets wrong: one clear line, a hint, the right exit code, and nothing changed.

The commands run in this process; what only a process of its own can show (that its exit code is
the command's, signals, pipes) has one.
"""

import json
import signal
import subprocess
import sys
import time

import pytest


def run_alone(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "galaxycurate", *words], cwd=cwd, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def made(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


NOWHERE = ("--server", "http://127.0.0.1:9")  # the discard port: nobody listens
GOOD = "587722952767439450"
TABLES = {
    "noids.csv": "name,label\na,spiral\n",
    "floats.csv": "objid,p_el,p_cs\n1.2376622262080635e+18,0.9,0.1\n",
    "flags.csv": "#Table1\nspecobjid,objid8,ra,dec,spiral,elliptical,uncertain\n1,2,3,4,0,0,1\n",
    "empty.csv": "",
    "escape.csv": "\x1b[2Ja,b\n1,2\n",
}


@pytest.mark.parametrize(
    ("words", "code", "line", "hint"),
    [
        (["downlaod"], 2, "No such command 'downlaod'. Did you mean 'download'?", "--help"),
        (["negatives", "--scor", "1"], 2, "No such option: --scor", "--help"),
        (["negatives", "--score", "1.4"], 2, "score = 1.4 is outside 0 to 1", "--score 0.2"),
        (["negatives", "--score", "x"], 2, "Invalid value for '--score'", "--help"),
        (["negatives", "--limit", "0"], 2, "limit = 0 (flag) is outside 1 to 10000000", "limit:"),
        (["negatives", "--size", "9"], 2, "size_px = 9 (flag) is outside 64 to 2048", "side"),
        (["negatives", "--release", "dr99"], 2, "no data release with these services", "dr17"),
        (["negatives", "--archive", "casjob"], 2, "no archive is called 'casjob'", "local:PATH"),
        (["negatives", "--archive", "local:none"], 2, "no file or folder none", "local:PATH"),
        (["negatives", "--out", "x.txt"], 2, "no manifest format has the ending '.txt'", ".csv"),
        (["positives", "--threshold", "0.4"], 2, "threshold = 0.4 must be above 0.5", "0.85"),
        (["positives", "--table", "noids.csv"], 2, "no vote table that is known here", "p_el"),
        (["positives", "--scheme", "gz1-binar"], 2, "no scheme is called", "mean gz1-binary"),
        (["positives", "--scheme", "x.toml"], 2, "no such scheme: x.toml", "ls"),
        (["positives", "--table", "nois.csv"], 2, "no such file: nois.csv", "mean noids.csv"),
        (["positives", "--table", "floats.csv"], 2, "column objid holds ids that went", "varchar"),
        (["positives", "--table", "flags.csv"], 2, "lacks what scheme gz1-binary", "gz1-flags"),
        (["positives", "--table", "escape.csv"], 2, "columns start \ufffd[2ja, b", "--scheme"),
        (["positives", "--table", "empty.csv"], 2, "empty.csv is empty", "cut off"),
        (["import", "images", "--labels", "noids.csv"], 2, "has no column of ids", "--id-column"),
        (["import", "nowhere", "--labels", "noids.csv"], 2, "no such folder: nowhere", "ls"),
        (["import", "images", "--labels", "noids.csv", "--class", "x"], 2, "is not NEW=OLD", "="),
        (["import", "noids.csv"], 2, "neither a folder of images", "--labels noids.csv"),
        (["status", "--dataset", "noids.csv"], 2, "'noids.csv' (flag) is a file", "folder of"),
        (["download", "--manifests", "noids.csv"], 2, "(flag) is a file", "of the manifests"),
        (["download"], 2, "no manifests in manifests/", "galaxycurate negatives"),
        (["download", "none.parquet"], 2, "no such manifest: none.parquet", ""),
        (["download", "noids.csv"], 2, "noids.csv is no manifest", "galaxycurate import"),
        (["download", "--provider", "skyservr"], 2, "no provider is called", "hips2fits"),
        (["download", "--provider", ","], 2, "no provider is named", "skyserver"),
        (["download", "--format", "gif"], 2, "format = 'gif' (flag) is none of jpg, png", "kept"),
        (["download", "--format", "fits"], 2, "skyserver cannot give fits", "--provider frames"),
        (["download", "--layout", "zip"], 2, "layout = 'zip' (flag) is none of", "tar files"),
        (["download", "--size-px", "3"], 2, "size_px = 3 is outside 64 to 2048", "--help"),
        (["download", "--pixscale", "0"], 2, "pixscale = 0.0 is outside 0.015 to 60", "--help"),
        (["download", "--size-petro", "0"], 2, "size-petro = 0.0 is outside 0.1 to", "--help"),
        (["download", "--size-petro", "2", "--pixscale", "1"], 2, "exclude each", "--size-px"),
        (["download", "--verify", "--dry-run"], 2, "--verify and --dry-run exclude", "one of them"),
        (["download", "--verify", "x.parquet"], 2, "checks all images", "download --verify"),
        (["download", "--verify"], 2, "nothing was downloaded or imported yet", "download"),
        (["download", "--sample", "3"], 2, "--sample goes with --compare", "--compare A,B"),
        (["download", "--compare", "a,b", "--sample", "0"], 2, "less than 1", "--sample 20"),
        (["download", "--verify", "--sample", "3"], 2, "--verify goes without --sample", "leave"),
        (["download", "--verify", "--provider", "x"], 2, "goes without --provider", "leave it out"),
        (["download", "--compare", "a,b", "--size-px", "64"], 2, "goes without --size-px", "leave"),
        (["download", "--compare", "a,b", "--size-petro", "2"], 2, "without --size-petro", "leave"),
        (["download", "--compare", "a,b", "--dask", "local"], 2, "goes without --dask", "leave"),
        (["download", "--compare", "skyserver"], 2, "two", ""),
        (["download", "--dask", "nowhere"], 2, "dask = 'nowhere' is no address", "tcp://"),
        (["download", "--rate", "-1"], 2, "rate = -1.0 (flag) is outside 0.0", "a second"),
        (["download", "--concurrency", "0"], 2, "concurrency = 0 (flag) is outside 1", "at most"),
        (["dedupe"], 2, "nothing was downloaded or imported yet", "galaxycurate download"),
        (["dedupe", "--min-overlap", "2"], 2, "min-overlap = 2 is outside 0 to 1", "0 groups"),
        (["split"], 2, "nothing was downloaded or imported yet", "galaxycurate download"),
        (["split", "--fractions", "0.8,0.1"], 2, "must add up to 1", "0.8,0.1,0.1"),
        (["split", "--fractions", "most"], 2, "fractions 'most' are no numbers", "0.8,0.1,0.1"),
        (["config", "set", "sizepx", "3"], 2, "no setting is called 'sizepx'", "mean size_px"),
        (["config", "set", "limit", "-3"], 2, "limit = -3 (config set) is outside 1 to", "limit:"),
        (["config", "set", "dataset", "--dry-run"], 2, "no such option: --dry-run", "--help"),
        (["config", "set", "size_px", "huge"], 2, "is not a whole number", "config show"),
        (["sandbox", "serve", "--sky", "reel:x"], 2, "there is no sky 'reel:x'", "simulated"),
        (["report"], 2, "", "galaxycurate"),
        (["negatives", *NOWHERE], 1, "SkyServer did not answer at http://127.0.0.1:9", "server"),
        (["positives", *NOWHERE], 1, "SkyServer did not answer at http://127.0.0.1:9", "server"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_a_wrong_use_says_so_in_one_line_and_changes_nothing(
    command, tmp_path, words, code, line, hint
):
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "images").mkdir()
    before = made(tmp_path)
    done = command(*words, cwd=tmp_path)
    said = [text for text in done.stderr.splitlines() if text.startswith("galaxycurate: ")]
    assert done.returncode == code, done.stderr
    assert len(said) == 1, done.stderr
    assert line in said[0]
    if hint:
        assert done.stderr.splitlines()[-1].startswith("  hint: ")
        assert hint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert made(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "code"), [(["negatives", "--score", "1.4"], 2), (["negatives", *NOWHERE], 1)]
)
def test_alone_in_a_process_it_ends_with_that_code_and_says_no_more(command, tmp_path, words, code):
    alone, here = run_alone(*words, cwd=tmp_path), command(*words, cwd=tmp_path)
    assert (alone.returncode, here.returncode) == (code, code)
    assert (alone.stdout, alone.stderr) == (here.stdout, here.stderr)
    assert made(tmp_path) == []


def test_a_bad_settings_file_is_named(command, tmp_path):
    (tmp_path / "galaxycurate.toml").write_text("size_px = 'big'\n")
    done = command("config", "show", cwd=tmp_path)
    assert done.returncode == 2
    assert "size_px = 'big' (galaxycurate.toml) is not a whole number" in done.stderr


def test_a_file_where_the_folder_of_manifests_belongs_is_named(command, tmp_path):
    (tmp_path / "manifests").write_text("in the way")
    done = command("negatives", *NOWHERE, cwd=tmp_path)
    assert done.returncode == 2
    assert "galaxycurate: manifests = 'manifests' (default) is a file" in done.stderr
    assert (tmp_path / "manifests").read_text() == "in the way"


def test_a_dry_run_shows_the_sql_and_asks_nobody(command, tmp_path):
    done = command("positives", "--threshold", "0.9", "--dry-run", *NOWHERE, cwd=tmp_path)
    assert done.returncode == 0
    assert "v.p_el_debiased >= 0.9" in done.stdout
    assert made(tmp_path) == []


def test_a_dry_run_in_json_is_json_alone_on_stdout(command, tmp_path):
    done = command("negatives", "--dry-run", "--json", cwd=tmp_path)
    queries = json.loads(done.stdout)["queries"]
    assert [q["query"] for q in queries] == ["fields_census", "fields_good", "negatives_cell"]
    assert all(len(q["sha256"]) == 64 for q in queries)


def test_an_empty_folder_is_told_how_to_begin(command, tmp_path):
    done = command("status", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == "nothing was made here yet\n"
    assert "next: galaxycurate negatives --score 0.2" in done.stderr
    assert made(tmp_path) == []


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(tmp_path):
    """The server takes the connection and never answers; the user loses patience."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "galaxycurate", "positives", "--server", url], cwd=tmp_path,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        silent.settimeout(60)
        connection, _ = silent.accept()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        "galaxycurate: interrupted; nothing is lost, run the same command to continue"
    )


@pytest.mark.parametrize(
    "name",
    [
        "negatives",
        "positives",
        "import",
        "crosswalk",
        "download",
        "dedupe",
        "split",
        "status",
        "report",
        "demo",
    ],
)
def test_every_help_has_an_example(command, tmp_path, name):
    done = command(name, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"Example: galaxycurate {name}" in done.stdout


def test_the_reader_of_a_pipe_may_leave(tmp_path):
    line = f"{sys.executable} -m galaxycurate config show | head -1"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
