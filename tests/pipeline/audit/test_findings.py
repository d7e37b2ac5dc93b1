"""What pixels told is kept as it comes, and found again."""

import os
import signal
import subprocess
import sys
import time

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.pipeline.audit.findings import FOLDER, MANY_FILES, Findings, Light, key_of

LIGHT = (
    Light(VerdictKind.CONTAMINATED, 3.5, -2.0, 0.93, 41.0, 18.2, "an extended source"),
    Light(VerdictKind.CONTAMINATED, -30.0, 9.0, 0.7, 12.0, 19.9, "another"),
)
EMPTY = (Light(VerdictKind.CLEAN),)


def key(name, version="1", positive=False):
    return key_of(name, positive, 0.396127, "sdss", version)


def test_findings_come_back_as_they_were(tmp_path):
    Findings(tmp_path, "1").add([(key("a"), LIGHT), (key("b"), EMPTY)])
    again = Findings(tmp_path, "1")
    assert again[key("a")] == LIGHT
    assert again[key("b")] == EMPTY
    assert again.get(key("c")) is None
    assert again.get(key("a", positive=True)) is None, "another question about the same picture"


def test_another_version_of_the_judge_looks_again(tmp_path):
    Findings(tmp_path, "1").add([(key("a"), LIGHT)])
    newer = Findings(tmp_path, "2")
    assert newer.get(key("a", "2")) is None
    for n in range(MANY_FILES + 1):
        newer.add([(key(f"a{n}", "2"), EMPTY)])
    newer.tidy()
    assert Findings(tmp_path, "1")[key("a")] == LIGHT, "and goes back without looking"


def test_many_files_become_one_and_lose_nothing(tmp_path):
    findings = Findings(tmp_path, "1")
    for n in range(MANY_FILES + 2):
        findings.add([(key(str(n)), LIGHT)])
    findings.tidy()
    assert len(list((tmp_path / FOLDER).glob("*.parquet"))) == 1
    assert len(Findings(tmp_path, "1")) == MANY_FILES + 2


def test_tidying_leaves_what_another_process_wrote_meanwhile(tmp_path):
    mine = Findings(tmp_path, "1")
    for n in range(MANY_FILES + 2):
        mine.add([(key(str(n)), LIGHT)])
    (tmp_path / FOLDER / "findings-v1-1-0.parquet").write_bytes(other_findings(tmp_path / "b"))
    mine.tidy()
    assert Findings(tmp_path, "1")[key("theirs")] == EMPTY
    assert len(Findings(tmp_path, "1")) == MANY_FILES + 3


def other_findings(folder):
    Findings(folder, "1").add([(key("theirs"), EMPTY)])
    return next(folder.rglob("*.parquet")).read_bytes()


def test_a_damaged_file_is_looked_past(tmp_path):
    findings = Findings(tmp_path, "1")
    findings.add([(key("a"), LIGHT)])
    (tmp_path / FOLDER / "findings-v1-0-0.parquet").write_bytes(b"PAR1 damaged")
    assert len(Findings(tmp_path, "1")) == 1


def test_what_was_found_before_a_kill_stays(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from tests.pipeline.audit.test_findings import LIGHT, key\n"
        "from galaxycurate.pipeline.audit.findings import Findings\n"
        "findings = Findings(Path(sys.argv[1]), '1')\n"
        "for n in range(100000):\n"
        "    findings.add([(key(str(n)), LIGHT)])\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(25):
        process.stdout.readline()
    time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = Findings(tmp_path, "1")
    assert len(there) >= 25
    assert all(there[key(str(n))] == LIGHT for n in range(25))
