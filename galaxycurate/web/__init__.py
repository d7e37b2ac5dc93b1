"""Pages for a browser: one file each, no network, light and dark."""
