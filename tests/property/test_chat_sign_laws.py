"""What tells chats from other notes without parsing never contradicts the parser."""

from dataclasses import fields

from hypothesis import example, given, settings
from hypothesis import strategies as st

import notelog
from notelog.core.chat_sign import is_plainly_chat, may_be_chat, only_shows
from notelog.core.end_marks import DEFAULT_END_MARKS
from notelog.core.landing import asked_ends
from notelog.core.marked import may_ask
from notelog.core.note import Note
from notelog.core.triggers import Mode, Pass, Passed, Rules, why
from notelog.core.turn import is_settled, ticked

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


TURN = b"\n\n" + SEPARATOR + b"\n\nrole::"
MARKS = st.sampled_from(
    [
        b"- [x] send\n", b"1. [X] \xe5\x8f\x91\xe9\x80\x81\n", b"- [ ] send\n", b"- [x] again\n",
        b"> - [x] retry\n", b"> [!notelog] Said\n", b"> [!NOTELOG]- Said\n", b";;\n", b"\n;;",
        b"\xef\xbc\x9b\xef\xbc\x9b\n", b"  ;; \n", b"\\;;\n", b"- \\[x] send\n", b"[x]", b";",
        b"question\n", TURN + b"user\n\n", TURN + b"assistant\n\n",
    ]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES | MARKS, max_size=24).map(b"".join))
@example(b"question\n\n" + SEPARATOR + b"\n\nrole::user\n\nWhat is tea?\n\n- [x] send\n")
@example(b"question\n\n" + SEPARATOR + b"\n\nrole::user\n\nWhat is tea?\n\n;;\n\n%% hidden %%\n")
def test_what_cannot_ask_is_never_answered(data: bytes) -> None:
    """Where nothing is found by which a chat may be sent, the parser finds nothing either."""
    if may_ask(data, DEFAULT_END_MARKS):
        return
    note = notelog.parse(data)
    assert ticked(note)[0] == 0
    assert not any(mark.ticked for turn in note.turns for mark in turn.send_marks)
    assert not asked_ends(note)
    verdict = why(note, Rules(mode=Mode.MARK))
    assert isinstance(verdict, Pass)
    assert verdict.because is not Passed.CLAIMED


@settings(max_examples=1000)
@given(st.lists(PIECES | MARKS, max_size=24).map(b"".join))
def test_what_is_settled_is_never_answered(data: bytes) -> None:
    """The end of a note says what all of it would say: it is answered, and no box asks anew."""
    note = notelog.parse(data)
    ending = note.ending
    settled = is_settled(note)
    assert ending == (note.turns[-len(ending) :] if ending else ())
    whole = {field.name: getattr(note, field.name) for field in fields(Note)}
    assert ending == Note(**whole).ending
    if settled and not note.errors:
        count, here = ticked(note)
        verdict = why(note, Rules(mode=Mode.AUTO, marker=True, ticks=count if here else 0))
        assert isinstance(verdict, Pass)
        assert verdict.because in {Passed.ANSWERED, Passed.OFF, Passed.STOPPED, Passed.NOT_A_CHAT}
        assert not asked_ends(note)


def test_fences_are_plain() -> None:
    """The everyday note that shows a separator in a fence is known for one without parsing."""
    fence = b"```html\n" + SEPARATOR + b"\n\nrole::user\n```\n"
    assert only_shows(fence)
    assert only_shows(b"# Chats\n\nThey look so:\n\n" + fence + b"\nand so:\n\n" + fence)
    assert not only_shows(fence + b"\n" + SEPARATOR + b"\n")
    assert is_plainly_chat(b"q\n\n" + SEPARATOR + b"\n\nrole::user\n")
