"""What a download leaves behind when it is interrupted or killed."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from galaxycurate.pipeline.download.download import download
from galaxycurate.store.settings import Settings
from tests.imagery.cutouts import CutoutServer
from tests.pipeline.download.downloads import images, manifest, outcomes, settings_in


def http(status):
    return lambda *_: web.Response(status=status)


def as_json(settings: Settings) -> str:
    return json.dumps({"server": settings.server, "manifests": settings.manifests,
                       "dataset": settings.dataset, "rate": settings.rate})  # fmt: skip


def start(*args: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.pipeline.download.downloader", *args]
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def test_ctrl_c_lets_what_is_under_way_finish(tmp_path):
    manifest(tmp_path, ras=[n / 10 for n in range(2000)])
    with CutoutServer(latency_s=0.05) as server:
        settings = settings_in(tmp_path, server.url)
        child = start("once", as_json(settings))
        assert child.stdout.readline() == "go\n"
        child.send_signal(signal.SIGINT)
        told = json.loads(child.communicate(timeout=30)[0])
        assert child.returncode == 130
        assert told["left"] == 2000 - told["kept"] > 0
        assert told["kept"] == len(images(tmp_path)) == len(outcomes(settings))
        assert sum(server.asked.values()) == told["kept"]


@pytest.mark.slow
def test_killed_twenty_times_and_repeated_the_tree_is_that_of_an_undisturbed_run(tmp_path):
    calm, rough, n = tmp_path / "calm", tmp_path / "rough", 800
    manifest(calm, ras=[i / 10 for i in range(n)], size=64)
    shutil.copytree(calm / "manifests", rough / "manifests")
    with CutoutServer({7: http(400)}, latency_s=0.03) as server:
        download(settings_in(calm, server.url, concurrency=16))
        good, asked = images(calm), sum(server.asked.values())
        settings = settings_in(rough, server.url)
        child = start("kills", as_json(settings), "20", "1")
        told = child.communicate(timeout=300)[0].splitlines()
        asked_again = sum(server.asked.values()) - 2 * asked
    assert child.returncode == 0
    assert images(rough) == good
    assert not [p for p in (rough / "dataset" / ".part").rglob("*") if p.is_file()]
    deaths = [json.loads(line) for line in told if line.startswith('{"ended"')]
    assert len(deaths) == 20
    assert sum(death["ended"] == -signal.SIGKILL for death in deaths) >= 15
    for death in deaths:
        assert death["seen"] == {name: len(good[name]) for name in death["seen"]}
    assert len({len(death["seen"]) for death in deaths}) > 5, "killed at work, not before it"
    summary = json.loads(told[-1])
    assert summary["done_before"] + summary["kept"] == n
    assert outcomes(settings).keys() == outcomes(settings_in(calm)).keys()
    assert asked_again < 20 * 260, "a killed process repeats at most a batch"
