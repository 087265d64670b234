"""The command tree: one small function for each command."""
