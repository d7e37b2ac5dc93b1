"""Read a checkpoint of others without running what is in it.

``torch.load(path, pickle_module=train.networks.wary, weights_only=False)`` gives the tensors of a
Lightning or Zoobot checkpoint whose hyper-parameters are objects of packages that are not here, or
should not be trusted: whatever is no tensor, number, text or container becomes a `Husk`.
"""

from __future__ import annotations

import pickle
from functools import cache

# what tensors are made of; everything else is left a husk
TRUSTED = {
    ("collections", "OrderedDict"),
    ("torch", "Size"),
    ("torch", "device"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch.serialization", "_get_layout"),
}
STORAGES = ("torch", "torch.storage")


class Husk:
    """In place of an object of any other kind: takes everything, does nothing."""

    def __init__(self, *_args, **_more):
        pass

    def __call__(self, *_args, **_more) -> Husk:
        """Itself: a husk stands for functions, too."""
        return self

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        """Forget it."""

    def extend(self, values):
        """Forget them."""


class Unpickler(pickle.Unpickler):
    """Knows tensors and nothing else."""

    def find_class(self, module: str, name: str):
        """The class or function of that name if it is one that tensors are made of."""
        storage = module in STORAGES and name.endswith("Storage")
        if storage or (module, name) in TRUSTED or (module == "torch" and name in _dtypes()):
            return super().find_class(module, name)
        return Husk


def load(file, **settings):
    """As `pickle.load`."""
    return Unpickler(file, **settings).load()


@cache
def _dtypes() -> set[str]:
    import torch

    return {name for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
