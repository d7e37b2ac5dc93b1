"""Disk: settings, SQL files, manifests, images, the ledger. All that is written appears whole."""
