"""What tells chats from other notes without parsing never contradicts the parser."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

import notelog
from notelog.core.chat_sign import is_plainly_chat, may_be_chat, only_shows

SEPARATOR = b'<hr class="__chatgpt_plugin">'
PIECES = st.sampled_from(
    [
        SEPARATOR, SEPARATOR + b"\n", SEPARATOR.upper(), b"\\" + SEPARATOR, b"role::user",
        b"ROLE::assistant", b"role::", b"```", b"```\n", b"```md", b"````", b"~~~", b" ```", b"\n",
        b"\n\n", b"\r\n", b"\n\n```\n", b"\n```\n", b"---", b"---\n", b"notelog: auto", b"a: |",
        b"- ", b"> ", b"    ", b"<!--", b"-->", b"<pre>", b"</pre>", b"%%", b"$$", b"`", b"text",
        b"=begin-chatgpt-md-comment", b"\xef\xbb\xbf", b"__", b"::", b"1. ",
    ]
)  # fmt: skip
NOTES = st.lists(PIECES, max_size=24).map(b"".join)


@settings(max_examples=500)
@given(NOTES)
@example(b"```\n" + SEPARATOR + b"\n```\n")
@example(b"text\n\n```html\n" + SEPARATOR + b"\n```\n\n```\nrole::user\n```\n")
@example(b"---\na: 1\n\n```\n---\n" + SEPARATOR + b"\n```\n")
@example(b"<!--\n\n```\n-->\n" + SEPARATOR + b"\n```\n")
@example(b"- a\n\n```\n````\n" + SEPARATOR + b"\n```\n")
@example(b"\xef\xbb\xbf```\n" + SEPARATOR + b"\n```\n")
def test_the_parser_agrees(data: bytes) -> None:
    """No chat is passed over, none is named for what stands in a fence, and a plain one is one."""
    is_chat = notelog.parse(data).is_chat
    assert may_be_chat(data) or not is_chat
    assert not (only_shows(data) and is_chat)
    assert is_chat or not is_plainly_chat(data)


def test_fences_are_plain() -> None:
    """The everyday note that shows a separator in a fence is known for one without parsing."""
    fence = b"```html\n" + SEPARATOR + b"\n\nrole::user\n```\n"
    assert only_shows(fence)
    assert only_shows(b"# Chats\n\nThey look so:\n\n" + fence + b"\nand so:\n\n" + fence)
    assert not only_shows(fence + b"\n" + SEPARATOR + b"\n")
    assert is_plainly_chat(b"q\n\n" + SEPARATOR + b"\n\nrole::user\n")
