"""Which device, which precision, and whether torch is fit to be used."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galaxycurate.errors import GalaxyCurateError, SettingError

INSTALL = "pip install 'galaxycurate[train]'   (or: uv pip install 'galaxycurate[train]')"


def require_torch():
    """Import torch, see that OpenCV is there, or say what to type.

    Returns
    -------
    module

    Raises
    ------
    GalaxyCurateError
        torch or OpenCV is absent, or its libraries do not load.
    """
    torch = _loaded("torch")
    _loaded("cv2")
    return torch


def _loaded(name: str = "torch"):
    # huge pages spare a CPU step a million page faults; read at torch's first allocation
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        return __import__(name)
    except ModuleNotFoundError as error:
        raise GalaxyCurateError(
            f"training needs {error.name}, which is not installed", hint=INSTALL
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GalaxyCurateError(
            f"torch is installed but does not load: {first}",
            hint="uv pip install --reinstall torch torchvision --torch-backend auto",
        ) from error


def torchvision_doubt(torch_cuda: str | None, version_file: Path | None = None) -> str | None:
    """Tell whether torchvision was built for another CUDA than torch.

    The pair fails at ``import torchvision`` with "operator torchvision::nms does not exist".
    train does not need torchvision; the user's own scripts may. Nothing is imported here.

    Parameters
    ----------
    torch_cuda : str or None
        ``torch.version.cuda``: None for a CPU build.
    version_file : Path, optional
        torchvision's ``version.py``; looked up when not given.

    Returns
    -------
    str or None
        One line that says what to type, or None when the two agree or cannot be compared.
    """
    if version_file is None:
        spec = importlib.util.find_spec("torchvision")
        if spec is None or not spec.origin:
            return None
        version_file = Path(spec.origin).with_name("version.py")
    if not version_file.is_file():
        return None
    match = re.search(r"__version__ = '[^+']+\+(cpu|cu\d+)", version_file.read_text())
    if match is None:
        return None
    built = match.group(1)
    wanted = "cpu" if torch_cuda is None else "cu" + torch_cuda.replace(".", "")
    if built == wanted:
        return None
    return (
        f"torch was built for {wanted}, torchvision for {built}: importing torchvision fails with "
        "'operator torchvision::nms does not exist'. train does not need it; to mend it, type: "
        f"uv pip install --reinstall torch torchvision --torch-backend {wanted}"
    )


def pick_device(name: str = "auto"):
    """The torch device to use.

    Parameters
    ----------
    name : str
        ``auto`` (a GPU when there is one), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

    Raises
    ------
    SettingError
        No such device here.
    """
    torch = _loaded()
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and torch.cuda.is_available():
        # of several, the one that `train.learn.ranks` gave to this process
        return torch.device("cuda", torch.cuda.current_device())
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingError(
            f"no device {name} on this machine", hint="--device cpu, or --device auto"
        ) from error
    return device


def pick_precision(device, wanted: str = "auto"):
    """The dtype of autocast, or None for plain float32.

    bfloat16 is taken where the hardware multiplies it: there it doubles the speed; elsewhere it is
    emulated and slower than float32.

    Parameters
    ----------
    device : torch.device
    wanted : str
        ``auto``, ``float32`` or ``bfloat16``.
    """
    torch = _loaded()
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else None
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float16
    fast = device.type == "cpu" and cpu_has_bfloat16()
    return torch.bfloat16 if fast else None


def prepare(device, wanted: str = "auto") -> None:
    """Set up the process for many equal steps on a device.

    Parameters
    ----------
    device : torch.device
    wanted : str
        As in `pick_precision`. A GPU's convolutions of float32 multiply in TF32, with 10 bits of
        mantissa, unless float32 was asked for by name.
    """
    torch = _loaded()
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = wanted != "float32"
    if device.type == "cpu":
        _hold_memory()


@contextmanager
def at_once() -> Iterator[None]:
    """No search for the fastest convolution: a batch that comes once does not repay it."""
    cudnn = _loaded().backends.cudnn
    before, cudnn.benchmark = cudnn.benchmark, False
    try:
        yield
    finally:
        cudnn.benchmark = before


def cores() -> int:
    """How many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_has_bfloat16(flags: str | None = None) -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512_BF16 or AMX).

    Parameters
    ----------
    flags : str, optional
        The processor's flags; read from /proc/cpuinfo when not given. Elsewhere the answer is no.
    """
    if flags is None:
        cpuinfo = Path("/proc/cpuinfo")
        flags = cpuinfo.read_text() if cpuinfo.is_file() else ""
    return bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", flags))


def describe(device, precision) -> str:
    """The device and precision in words."""
    torch = _loaded()
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    elif device.type == "cpu":
        count = torch.get_num_threads()
        where = f"CPU, {count} thread{'s' * (count != 1)}"
    else:
        where = device.type
    return f"{where}, {str(precision or torch.float32).removeprefix('torch.')}"


def _hold_memory() -> None:
    """Let the C library keep the memory of a step for the next one.

    A training step on a CPU frees and takes again about 2 GB; without this, a fifth of its time
    goes into page faults (measured: 18 against 23 images for a CPU second, for 1.5 GB more of
    memory). glibc only; elsewhere nothing happens.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, (1 << 31) - 1)
