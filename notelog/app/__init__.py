"""The use cases. They know the core and the ports, never an adapter."""
