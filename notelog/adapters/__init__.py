"""The edges: one file for each dependency, and one writer of notes."""
