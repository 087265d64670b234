"""Spans of time as a person types them: ``30d``, ``12h``, ``2w``, or a day, ``2026-11-25``."""

import re
import time

from notelog.errors import UsageError

_UNITS_S = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d{1,6})([hdw])")


def time_of(text: str) -> float:
    """The time that a span before now, or the beginning of a day, means.

    Returns:
        Seconds since the epoch.

    Raises:
        UsageError: it is neither.
    """
    if span := _SPAN.fullmatch(text.strip()):
        return time.time() - int(span[1]) * _UNITS_S[span[2]]
    try:
        return time.mktime(time.strptime(text.strip(), "%Y-%m-%d"))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no span of time",
            hint="write it as 12h, 30d, 2w, or a day such as 2026-11-25",
        ) from None
