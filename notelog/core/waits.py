"""Times for a person."""

from math import ceil

_HOUR_S = 3_600


def told_wait(seconds: float) -> str:
    """A wait, never told too short: ``3 s``, ``12 min``; larger units where they read better."""
    for unit, unit_s, most in (("s", 1, 90), ("min", 60, 90 * 60), ("h", _HOUR_S, 36 * _HOUR_S)):
        if seconds <= most:
            return f"{max(1, ceil(seconds / unit_s))} {unit}"
    return f"{ceil(seconds / (24 * _HOUR_S))} days"
