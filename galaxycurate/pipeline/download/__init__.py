"""download: what is wanted, what is there, and what became of it."""
