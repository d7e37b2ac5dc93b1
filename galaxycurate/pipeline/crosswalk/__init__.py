"""Crosswalk: DR8+ ids for DR7's and back, each match with how it was found."""
