"""Who draws cutouts: SkyServer, and those to fall back on."""
