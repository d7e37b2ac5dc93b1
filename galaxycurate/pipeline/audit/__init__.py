"""audit: whether cutouts hold what their labels say."""
