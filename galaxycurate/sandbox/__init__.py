"""A small SDSS on this machine: a sky of frames and tables behind SkyServer's protocols."""
