"""Run every benchmark of this folder that has a `main`, one after the other."""

import importlib
import pkgutil
import sys

import benchmarks

wanted = sys.argv[1:]
for found in pkgutil.iter_modules(benchmarks.__path__):
    if found.name != "__main__" and (not wanted or found.name in wanted):
        module = importlib.import_module(f"benchmarks.{found.name}")
        if hasattr(module, "main"):
            module.main()
