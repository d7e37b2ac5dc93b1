from __future__ import annotations

import builtins
import os

import pytest
import torch

from galaxycurate.errors import GalaxyCurateError, SettingError
from train.device import (
    at_once,
    cores,
    cpu_has_bfloat16,
    pick_device,
    pick_precision,
    prepare,
    require_torch,
    torchvision_doubt,
)


@pytest.mark.parametrize(
    ("torch_cuda", "built", "doubt"),
    [(None, "cu132", True), ("13.2", "cpu", True), ("13.2", "cu132", False), (None, "cpu", False)],
)
def test_a_torchvision_for_another_cuda_is_explained(tmp_path, torch_cuda, built, doubt):
    path = tmp_path / "version.py"
    path.write_text(f"__version__ = '0.29.2+{built}'\n")
    said = torchvision_doubt(torch_cuda, path)
    assert (said is not None) == doubt
    if said:
        assert "operator torchvision::nms does not exist" in said
        assert "uv pip install" in said


def test_a_version_without_a_build_is_not_judged(tmp_path):
    path = tmp_path / "version.py"
    path.write_text("__version__ = '0.19.0'\n")
    assert torchvision_doubt(None, path) is None
    assert torchvision_doubt(None, tmp_path / "absent.py") is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "which is not installed"),
        (OSError("libcudart.so.13: cannot open"), "does not load: libcudart.so.13"),
    ],
)
def test_a_missing_or_broken_torch_is_explained(monkeypatch, error, said):
    plain = builtins.__import__

    def without(name, *rest, **more):
        if name == "torch":
            raise error
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GalaxyCurateError, match=said) as caught:
        require_torch()
    assert "pip install" in caught.value.hint


def test_bfloat16_is_taken_where_the_cpu_multiplies_it():
    assert cpu_has_bfloat16("flags : avx2 avx512f avx512_bf16 avx512_vnni")
    assert cpu_has_bfloat16("flags : amx_bf16 amx_tile")
    assert not cpu_has_bfloat16("flags : avx2 avx512f")


def test_the_precision_can_be_asked_for():
    cpu = torch.device("cpu")
    assert pick_precision(cpu, "float32") is None
    assert pick_precision(cpu, "bfloat16") is torch.bfloat16
    assert pick_precision(cpu) in (None, torch.bfloat16)


@pytest.mark.parametrize("name", ["cuda:77", "abacus"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(SettingError, match=f"no device {name}") as caught:
        pick_device(name)
    assert "--device cpu" in caught.value.hint


@pytest.mark.parametrize(("wanted", "short"), [("float32", False), ("auto", True)])
def test_float32_by_name_is_no_tf32(monkeypatch, wanted, short):
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "allow_tf32", not short)
    monkeypatch.setattr(cudnn, "benchmark", False)
    prepare(torch.device("cuda"), wanted)
    assert cudnn.allow_tf32 is short
    assert cudnn.benchmark


def test_nothing_is_searched_for_where_a_batch_comes_once(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    with at_once():
        assert not torch.backends.cudnn.benchmark
        assert torch.backends.cudnn.enabled
    assert torch.backends.cudnn.benchmark


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6})
        assert cores() == 3
        monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
