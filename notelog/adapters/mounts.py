"""What a folder is mounted from, as Linux tells it."""

import os
import re
from pathlib import Path

_ESCAPED = re.compile(rb"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")


def kind_of(folder: Path) -> str:
    """The kind of the file system that a folder lies on; empty where the system does not say."""
    try:
        lines = _MOUNTS.read_bytes().split(b"\n")
    except OSError:
        return ""
    best, kind = b"", ""
    for line in lines:
        before, _, after = line.partition(b" - ")
        if not after:
            continue
        place = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), before.split(b" ")[4])
        above = place.rstrip(b"/") + b"/"
        if len(above) >= len(best) and (os.fsencode(folder) + b"/").startswith(above):
            best, kind = above, after.split(b" ")[0].decode("ascii", "replace")
    return kind
