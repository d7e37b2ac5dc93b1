"""The command line: parse, call one function of the pipeline, show, choose the exit code."""
