"""A download by the workers of a Dask cluster."""
