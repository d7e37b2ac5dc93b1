"""A simulated sky: a seeded miniature drift-scan survey with known truth. No telescope saw it."""

from galaxycurate.sandbox.simulated.build import build_simulated_sky

__all__ = ["build_simulated_sky"]
