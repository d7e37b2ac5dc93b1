"""The page of a review: a server for this machine alone, and the same page as one file."""
