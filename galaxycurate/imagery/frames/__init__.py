"""Cutouts made here: a field's frames are fetched once, and each cutout is drawn from them."""
