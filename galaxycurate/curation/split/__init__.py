"""Train, val and test: who goes where, and what leaks."""
