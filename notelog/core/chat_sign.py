"""Whether bytes may hold a chat, found out without parsing: most notes of a vault do not."""

from notelog.core.source import BOM

_HEAD_BYTES = 64 * 1024


def may_be_chat(data: bytes) -> bool:
    """Whether a note has anything of a chat; what has not, is none for the parser either.

    The separator and the markers count in any letter case, so the bytes are lowered first: one
    pass at the speed of memory.
    """
    low = data.lower()
    if b"__chatgpt_plugin" in low or b"role::" in low:
        return True
    return low.startswith((b"---", BOM + b"---")) and b"notelog" in low[:_HEAD_BYTES]
