"""The ports: what the use cases need of the world, as small protocols, one module a concern."""
