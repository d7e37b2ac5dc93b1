"""``python -m train``."""

from train.cli import run

if __name__ == "__main__":
    raise SystemExit(run())
