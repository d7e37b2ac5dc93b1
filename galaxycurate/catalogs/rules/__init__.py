"""Label schemes: their language, their files, and what they make of a table."""
