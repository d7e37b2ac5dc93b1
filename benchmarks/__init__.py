"""Ratios against the peers, each in one run on one machine: `make bench`."""
