"""split: trees of train, val and test, and the check that nothing leaks."""
