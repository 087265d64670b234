"""Numbers of things in sentences."""


def counted(count: int, thing: str) -> str:
    """A number of things, such as ``1 note`` or ``1,200 notes``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
