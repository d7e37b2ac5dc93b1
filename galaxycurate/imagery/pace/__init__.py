"""How often to ask, and how many at once: found blind, shared by processes."""
