"""The engine: a lane for each provider, fall-back from one to the next."""
