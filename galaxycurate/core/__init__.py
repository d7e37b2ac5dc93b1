"""The sky: values and functions. No files, no network, no clock, no unseeded randomness."""
