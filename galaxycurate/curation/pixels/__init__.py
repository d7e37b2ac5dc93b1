"""What pixels tell without coordinates: fingerprints, and pairs that show the same sky."""
