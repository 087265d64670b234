"""Whether bytes may hold a chat, found out without parsing: most notes of a vault do not."""

_HEAD_BYTES = 64 * 1024
FRONT_MATTER = (b"---", b"\xef\xbb\xbf---")
"""How a file begins that has front matter, without and with a BOM."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a file in UTF-16 begins."""

_SEPARATOR, _MARKER = b"__chatgpt_plugin", b"role::"
_UNDERSCORE, _COLON = b"_:"
_LINE = b'<hr class="__chatgpt_plugin">\n'
_FENCE = b"```"
_PROTECTING = (b"```", b"~~~", b"<", b"%%", b"$$", b"=begin", b"\\")


def may_be_chat(data: bytes) -> bool:
    """Whether a note has anything of a chat; what has not, is none for the parser either.

    So may one in UTF-16, as some editors save it: the parser says what is wrong with it. The
    separator and the markers count in any letter case. A search for one byte goes at the speed
    of memory, one for two takes as long as lowering all, so they come in this order.
    """
    if data.startswith(UTF_16):
        data = data[2:].replace(b"\0", b"")
    return has_mark(data) or (
        data.startswith(FRONT_MATTER) and data.find(b"notelog", 0, _HEAD_BYTES) >= 0
    )


def has_mark(data: bytes) -> bool:
    """Whether a separator or a role marker is mentioned anywhere, in code too."""
    if (_COLON not in data or data.find(b"::") < 0) and (
        _UNDERSCORE not in data or data.find(b"__") < 0
    ):
        return False
    low = data.lower()
    return low.find(_SEPARATOR) >= 0 or low.find(_MARKER) >= 0


def is_plainly_chat(data: bytes) -> bool:
    """Whether a separator stands as the plugin writes it, and nothing before it may protect it.

    Where it does not, only the parser tells a chat from a note that shows one in a code fence.
    """
    place = data.find(_LINE)
    if place < 0 or data[:place][-1:] not in {b"", b"\n"}:
        return False
    return not any(data.find(mark, 0, place) >= 0 for mark in _PROTECTING)


def only_shows(data: bytes) -> bool:
    """Whether every mark stands in a code fence, as far as that is plain without parsing.

    Each fence begins at column 0 below a blank line and is the next three backticks' partner, and
    nothing outside of the fences can hide one.
    """
    if data.startswith(FRONT_MATTER + UTF_16):
        return False
    outside: list[bytes] = []
    at = 0
    while (start := data.find(_FENCE, at)) >= 0:
        end = data.find(b"\n", start)
        close = data.find(_FENCE, end)
        alone = start == 0 or data.endswith(b"\n\n", 0, start)
        info = data[start + len(_FENCE) : end]
        if not alone or b"`" in info or data[close - 1 : close + 4] != b"\n```\n":
            return False
        outside.append(data[at:start])
        at = close + 4
    outside.append(data[at:])
    text = b"".join(outside)
    return not has_mark(text) and not any(mark in text for mark in _PROTECTING)
