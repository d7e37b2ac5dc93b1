"""export: the dataset in the forms that other tools open, each with where it came from."""
