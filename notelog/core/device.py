"""Which machine answers a vault that several machines have.

No sync tool can compare and swap, so two machines cannot be kept apart for certain: the pin, a
small note at the top of the vault, says which one answers, and a change that came by sync waits a
time that differs from machine to machine.
"""

import re
from hashlib import blake2b

PIN_NAME = "notelog device.md"
"""The pin's name, at the top of the vault."""

_LINE = re.compile(
    r"^[ \t>*-]*answered by:[ \t]*(?P<device>[^\r\n]*?)[ \t]*$", re.IGNORECASE | re.MULTILINE
)


def pinned_device(text: str) -> str:
    """The machine that a pin names; empty where it names none."""
    found = _LINE.search(text)
    return "" if found is None else found["device"]


def render_pin(device: str) -> str:
    """The text of a pin."""
    return (
        "---\nnotelog: off\n---\n\n"
        "This vault is answered by one machine; notelog on others only looks on. To let another\n"
        "machine answer, run `notelog watch VAULT --take-over` there, or delete this note.\n\n"
        f"answered by: {device}\n"
    )


def spread_s(device: str, note: str, most_s: float) -> float:
    """A part of ``most_s`` that differs from machine to machine and from note to note."""
    digest = blake2b(f"{device}\n{note}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return most_s * int.from_bytes(digest, "big") / 0xFFFFFFFF
