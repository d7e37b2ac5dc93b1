"""`python -m galaxycurate` is the command `galaxycurate`."""

from galaxycurate.cli.main import run

run()
