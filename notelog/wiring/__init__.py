"""Builds the adapters and hands them to the use cases, one module a topic.

Nothing heavy is imported before it is needed: each function imports what its command uses.
"""
