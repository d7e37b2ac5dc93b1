"""The verbs: one function for each job, used by the command line and by library callers alike."""
