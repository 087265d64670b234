"""How a file that notelog makes beside a note is known by its name."""

TEMP_PREFIX = ".notelog-"
"""So all their names begin; the dot hides them from Obsidian."""
