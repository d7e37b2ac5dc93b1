"""compare: the same positions through two providers."""
