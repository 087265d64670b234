"""Each sentence of the reading rules, as a case."""

import pytest

from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.core.note import BlockKind, Note, SegmentKind, render
from notelog.core.parse import parse_note
from notelog.core.source import SourceText
from notelog.core.turn import state_of
from notelog.errors import NoteEncodingError

HR = '<hr class="__chatgpt_plugin">'


def parse(text: str | bytes) -> Note:
    """Parses with the real reader and checks that nothing was lost."""
    data = text if isinstance(text, bytes) else text.encode()
    note = parse_note(SourceText(data), read_front_matter)
    assert render(note) == data
    return note


def said(text: str | bytes) -> list[tuple[str, str]]:
    """The messages of a note: role and content."""
    return [(str(item.role), item.content) for item in parse(text).conversation]


def user(text: str) -> str:
    """The content of the user turn that a chat with one answer ends in."""
    messages = said(f"Q\n\n{HR}\n\nrole::assistant\n\nA\n\n{HR}\n\nrole::user\n\n{text}")
    assert messages[:2] == [("user", "Q"), ("assistant", "A")], messages
    assert len(messages) <= 3, messages
    return messages[2][1] if len(messages) == 3 else ""


SEPARATORS = [
    HR,
    "<hr class='__chatgpt_plugin'>",
    '<hr class="__chatgpt_plugin" />',
    '<hr class="__chatgpt_plugin"/>',
    '<HR  CLASS = "__ChatGPT_Plugin" >',
    '   <hr class="__chatgpt_plugin">',
    '<hr class="__chatgpt_plugin">  \t',
]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_spellings_of_the_separator(separator: str) -> None:
    """Quotes, blanks, ``/>``, letter case and up to three spaces do not matter."""
    assert said(f"Q\n{separator}\nrole::assistant\nA") == [("user", "Q"), ("assistant", "A")]


@pytest.mark.parametrize(
    "line",
    [f"    {HR}", f"\t{HR}", f"text {HR}", '<hr class="x">', f"> {HR}", f"`{HR}`", f"\\{HR}"],
)
def test_what_is_no_separator(line: str) -> None:
    """Indented code, a tag in a sentence, quotes and other rules divide nothing."""
    assert len(parse(f"Q\n\n{line}\n\nmore").turns) == 1


@pytest.mark.parametrize(
    ("marker", "heading", "model"),
    [
        ("role::assistant", b"", ""),
        ("ROLE::Assistant", b"", ""),
        ("### role::assistant", b"### ", ""),
        ("   ###### \t role::assistant", b"   ###### \t ", ""),
        (" role::assistant", b" ", ""),
        (
            '# role::assistant<span style="font-size: small;"> (a@b/user:7.1)</span>',
            b"# ",
            "a@b/user:7.1",
        ),
        ("role：：assistant", b"", ""),
        ("role:：assistant", b"", ""),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n", "\n\n\n\n", "", " "])
def test_markers_after_a_separator(marker: str, heading: bytes, model: str, gap: str) -> None:
    """A marker follows on the same line or any number of blank lines later."""
    if not gap.strip(" ") and marker.startswith(" "):
        marker = marker.strip()
        heading = heading.lstrip()
    note = parse(f"Q\n\n{HR}{gap}{marker}\n\nA")
    turn = note.turns[1]
    assert [(m.role, m.content) for m in note.conversation] == [("user", "Q"), ("assistant", "A")]
    assert turn.marker
    assert (turn.marker.heading.strip(), turn.marker.model) == (heading.strip(), model)


def test_text_after_the_name_is_content() -> None:
    """Text on the marker's line is the first line of the content."""
    assert said(f"Q\n\n{HR}\n\nrole::assistant Sure.\nMore.")[1] == ("assistant", "Sure.\nMore.")


def test_text_after_a_marker_without_separator_is_text() -> None:
    """Elsewhere a line with more than marker and suffix is text."""
    text = f"Q\n\nrole::assistant Sure.\n\n{HR}\n\nrole::user\n\nQ2"
    assert said(text) == [("user", "Q\n\nrole::assistant Sure."), ("user", "Q2")]


@pytest.mark.parametrize("name", ["tool", "users", "user_2", "", "助手"])
def test_an_unknown_role_is_an_error(name: str) -> None:
    """An unknown NAME directly after a separator is an error with its line."""
    note = parse(f"Q\n\n{HR}\n\nrole::{name}\n\nA")
    assert [(error.code, error.line) for error in note.errors] == [("unknown-role", 5)]


def test_an_unknown_role_elsewhere_is_text() -> None:
    """Away from a separator it is text and no error."""
    note = parse(f"Q\n\nrole::tool\n\n{HR}\n\nrole::assistant\n\nA")
    assert not note.errors
    assert note.conversation[0].content == "Q\n\nrole::tool"


def test_developer_reads_as_system() -> None:
    """Developer is system for servers that know no developer."""
    assert said(f"{HR}\nrole::developer\nBe terse.\n\n{HR}\nrole::user\nQ")[0] == (
        "system",
        "Be terse.",
    )


def test_bare_markers() -> None:
    """Two whole-line markers make a chat without any separator; each needs a blank line above."""
    text = (
        "role::system\n\nBe terse.\n\nrole::user\n\nQ\nrole::assistant\n\n### role::assistant\n\nA"
    )
    assert said(text) == [
        ("system", "Be terse."),
        ("user", "Q\nrole::assistant"),
        ("assistant", "A"),
    ]


def test_one_bare_marker_is_text() -> None:
    """A single marker without a separator is text, and the note no chat."""
    note = parse("Q\n\nrole::user\n\nmore")
    assert state_of(note) == "not-a-chat"
    assert said("Q\n\nrole::user\n\nmore") == [("user", "Q\n\nrole::user\n\nmore")]


def test_a_separator_without_marker_starts_a_user_message() -> None:
    """So does one directly followed by text lines, though CommonMark sees one HTML block."""
    assert said(f"A\n{HR}\nB\n\n{HR}\n\nC") == [("user", "A"), ("user", "B"), ("user", "C")]


PROTECTING = [
    "```\n{}\n```",
    "~~~~ x\n{}\n~~~~",
    "- a\n\n  ```\n  {}\n  ```",
    "<!--\n{}\n-->",
    "<pre>\n{}\n</pre>",
    "<SCRIPT>\n{}\n</script>",
    "<style>\n\n{}\n</style>",
    "<textarea>\n{}\n</textarea>",
    "$$\n{}\n$$",
]


@pytest.mark.parametrize("block", PROTECTING)
def test_protected_text(block: str) -> None:
    """Fences, comments, raw HTML and math protect from separators, markers and comment marks."""
    inside = (
        f"{HR}\n\nrole::assistant\n\n%% x %%\n=begin-chatgpt-md-comment\n=end-chatgpt-md-comment"
    )
    text = block.format(inside if "- a" not in block else inside.replace("\n", "\n  "))
    assert user(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"- a\n\n  {HR}\n\n  role::assistant",
        f"> {HR}\n>\n> role::assistant",
        f"1. a\n   - b\n\n     {HR}",
        f"| a |\n|---|\n| {HR} |",
        "    role::assistant\n\n    %% x %%",
        "`%% a %%` and `` =begin-chatgpt-md-comment ` ``",
        "a `code\nx %% in %%` two lines",
        "a `code\n%% in %%` two lines",
        "a `code\n$$ in\n` two lines",
        "a <!-- b\n%% c %%\n--> d",
        "a <!-- %% b %% --> c",
        "a $$ %% b %% $$ c",
        "a \\%% b \\%% c",
        "100%% sure",
        "%% never closed",
        "x\n\n%%\nnever closed\n\nmore",
        "a =begin-chatgpt-md-comment never closed",
        "say role::user now",
    ],
)
def test_text_that_stays(text: str) -> None:
    """Containers protect from separators and markers, code from comment marks; unclosed stays."""
    assert user(text) == text.lstrip("\n")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("a %%secret%% b", "a b"),
        ("a%%secret%%b", "ab"),
        ("%%secret%% b", "b"),
        ("a %%secret%%", "a"),
        ("a\n\n%%\nsecret\n\nmore\n%%\n\nb", "a\n\nb"),
        ("- a %% secret %%\n- b", "- a\n- b"),
        ("> a %% secret %% c", "> a c"),
        ("a %% x\ny %% b", "a b"),
        ("a\n%% x\ny\n%%\nb", "a\nb"),
        ("=begin-chatgpt-md-comment\nx\n=end-chatgpt-md-comment\n\nb", "b"),
        (
            "a {0}begin{1} x {0}end{1} b {0}begin{1} y {0}end{1} c".format(
                "=", "-chatgpt-md-comment"
            ),
            "a b c",
        ),
        (
            f"a\n\n=begin-chatgpt-md-comment\n\n{HR}\n\nrole::assistant\n\nx\n=end-chatgpt-md-comment\n\nb",
            "a\n\nb",
        ),
        ("> [!notelog] stopped\n> because\n\nb", "b"),
        ("a\n\n> [!NOTELOG]- x\n> y\nb", "a\n\nb"),
        ("a\n\n- [ ] send\n", "a"),
        ("a\n\n* [x] 发送\n- [ ] \n\nbelow", "a\n\nbelow"),
        ("a\n\n- [x] send\n\n\n- [ ] \n\nbelow", "a\n\nbelow"),
        ("a\n\n- [x] send\n\u3000\n- [ ]\u3000\n\u3000\nbelow", "a\n\nbelow"),
        ("a\n\u3000\n- [x] send\n\u3000\n\u2028\nbelow", "a\n\u3000\nbelow"),
        ("a\n\n- [x] send\n\n- [ ] b", "a\n\n- [ ] b"),
        ("- a\n\t- [x] send\n\t- [ ] ", "- a"),
        ("- a\n\n    - [x] send", "- a"),
        ("a\n\n    - [x] send", "a\n\n    - [x] send"),
        ("a\n\t- [x] send", "a\n\t- [x] send"),
        ("- a\n\n      - [x] send", "- a\n\n      - [x] send"),
        ("a\n\n- [x] send ✅ 2024-01-31\n", "a"),
        ("a\n\n- [x] send ✅ soon", "a\n\n- [x] send ✅ soon"),
        ("a\n- [x] send\n\nb", "a\n\nb"),
        ("a\n> [!notelog] x\n\nb", "a\n\nb"),
        ("a\n\n> [!notelog] x\n    b", "a\n\n    b"),
        ("a\n1. [X] Send", "a"),
        ("a\n;;", "a"),
        ("a\n\n  ；；  \n\n", "a"),
        (";;\na", ";;\na"),
        ("- [ ] send it", "- [ ] send it"),
        ("```\n- [x] send\n;;\n```", "```\n- [x] send\n;;\n```"),
        ("- [x] retry\n- [x] again\n- [ ] send", ""),
        ("- [x] pin\n\na", "a"),
        ("- [ ] pin\n\na", "- [ ] pin\n\na"),
    ],
)
def test_hidden_text_and_metadata(text: str, content: str) -> None:
    """Hidden text, callouts and marks are never content; blanks left at their edges go too."""
    assert user(text) == content


def test_send_marks_are_read() -> None:
    """A mark carries its line, its unticked form and whether it is ticked."""
    turn = parse(f"Q\n\n* [X]  Send\r\n\n{HR}\nrole::assistant\n\n- [x] send").turns
    (mark,) = turn[0].send_marks
    assert (mark.ticked, mark.checkbox, mark.label) == (True, b"* [ ]  Send", "send")
    assert not turn[1].send_marks
    assert turn[1].content == "- [x] send"
    nested = parse(f"- a\n\t- [x] send\n\n{HR}\n").turns[0].send_marks
    assert [mark.checkbox for mark in nested] == [b"- [ ] send"]
    (done,) = parse(f"a\n\n- [x] send ✅ 2024-01-31\n\n{HR}\n").turns[0].send_marks
    assert (done.ticked, done.checkbox) == (True, b"- [ ] send")


def test_pins() -> None:
    """A ticked pin pins its turn, an assistant's too."""
    note = parse(f"Q\n\n- [x] pin\n\n{HR}\nrole::assistant\n\nA\n\n- [x] pin")
    assert [turn.pinned for turn in note.turns] == [True, True]
    assert [message.pinned for message in note.conversation] == [True, True]
    assert note.conversation[1].content == "A"


@pytest.mark.parametrize(
    ("opening", "kind", "closer"),
    [
        ("```py\nx", BlockKind.FENCE, b"```"),
        ("~~~~\nx", BlockKind.FENCE, b"~~~~"),
        ("- a\n  ```\n  x", BlockKind.FENCE, b"  ```"),
        ("> ```\n> x", BlockKind.FENCE, b"> ```"),
        ("<!-- x", BlockKind.COMMENT, b"-->"),
        ("<pre>\nx", BlockKind.HTML, b"</pre>"),
        ("$$\nx", BlockKind.MATH, b"$$"),
        ("%%\nx", BlockKind.PERCENT, b"%%"),
        ("a =begin-chatgpt-md-comment\nx", BlockKind.COMMENT_BLOCK, b"=end-chatgpt-md-comment"),
    ],
)
def test_open_blocks(opening: str, kind: BlockKind, closer: bytes) -> None:
    """A turn tells which block it leaves open, and the line that closes it."""
    note = parse(f"Q\n\n{HR}\nrole::assistant\n\n{opening}")
    block = note.turns[-1].open_block
    assert block
    assert (block.kind, block.closer) == (kind, closer)
    closed = parse(f"Q\n\n{HR}\nrole::assistant\n\n{opening}\n{closer.decode()}\n")
    assert closed.turns[-1].open_block is None


@pytest.mark.parametrize("opening", ["```\nx", "<!-- x", "<pre>", "<!DOCTYPE html", "$$", "%%"])
@pytest.mark.parametrize("before", ["", "\ufeff", "---\ntitle: a\n---\n", "\ufeff---\n---\n"])
def test_a_block_that_opens_a_note_is_left_open(before: str, opening: str) -> None:
    """The first line of the text may open a block that never ends, also below a BOM."""
    assert parse(before + opening).turns[0].open_block


@pytest.mark.parametrize("opening", ["```py", "<!--", "<pre>", "$$"])
def test_unclosed_blocks_end_at_the_next_turn(opening: str) -> None:
    """A cut reply does not swallow the chat: only a separator with a marker ends the block."""
    text = f"Q\n\n{HR}\n\nrole::assistant\n\n{opening}\nx\n\n{HR}\n\ny\n\n{HR}\n\nrole::user\n\nQ2"
    note = parse(text)
    assert said(text)[1:] == [("assistant", f"{opening}\nx\n\n{HR}\n\ny"), ("user", "Q2")]
    assert [item.code.split("-")[0] for item in note.diagnostics] == ["unclosed"]
    assert note.turns[1].open_block


@pytest.mark.parametrize(
    ("written", "content"),
    [
        (f"\\{HR}", HR),
        (f"\\\\{HR}", f"\\{HR}"),
        ("role\\::user", "role::user"),
        ("### role\\\\::user", "### role\\::user"),
        ("- \\[ ] send", "- [ ] send"),
        ("> \\[!notelog] x", "> [!notelog] x"),
        ("a \\%% b \\%% c", "a %% b %% c"),
        ("a \\=begin-chatgpt-md-comment", "a =begin-chatgpt-md-comment"),
        ("x\n\\;;", "x\n;;"),
        ("x\n\\\\；；", "x\n\\；；"),
        (f"```\n\\{HR}\nrole\\::user\n```", f"```\n\\{HR}\nrole\\::user\n```"),
        ("say role\\::user now", "say role\\::user now"),
        ("\\<hr> x", "\\<hr> x"),
        ("`\\%%`", "`\\%%`"),
    ],
)
def test_escapes(written: str, content: str) -> None:
    """Escapes are undone in assistant turns, one level, where the line would be structure."""
    assert said(f"Q\n\n{HR}\n\nrole::assistant\n\n{written}")[1] == ("assistant", content)
    assert user(written) == written


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_bom(newline: str, bom: str) -> None:
    """LF, CR LF and CR read alike; a BOM is no text; content has LF."""
    text = f"---\nmodel: m\n---\n\nQ\nx\n\n{HR}\n\nrole::assistant\n\nA %%b%%\n\nc\n"
    note = parse((bom + text.replace("\n", newline)).encode())
    assert [message.content for message in note.conversation] == ["Q\nx", "A\n\nc"]
    assert [message.lines for message in note.conversation] == [(5, 6), (12, 14)]
    assert note.front_matter.values == {"model": "m"}
    assert note.front_matter.lines == {"model": 2}
    assert (note.segments[0].kind is SegmentKind.BOM) == bool(bom)


def test_only_three_line_ends() -> None:
    """U+2028, U+0085, form feed and vertical tab end no line."""
    text = f"a\u2028{HR}\x0c{HR}\u0085role::user\x0b"
    assert said(text) == [("user", text)]


def test_not_utf8() -> None:
    """Bytes that are not UTF-8 are refused with their offset and line."""
    with pytest.raises(NoteEncodingError) as caught:
        SourceText(b"a\r\nb\rc\xff")
    assert (caught.value.byte_offset, caught.value.line) == (6, 3)


@pytest.mark.parametrize(
    ("block", "line"),
    [("model: [\n", 2), ("model：gpt-4\n", 2), ("a: b\nc: d: e\n", 3), ("model: x\n" * 9000, 2)],
)
def test_broken_front_matter_is_an_error(block: str, line: int) -> None:
    """What looks like settings and cannot be read stops sending, with its line."""
    note = parse(f"---\n{block}---\n\nQ")
    assert [error.code for error in note.errors] == ["front-matter"]
    assert note.errors[0].line >= line
    assert note.conversation[0].content == "Q"


@pytest.mark.parametrize(
    "text",
    ["---\nprose\n---\n\nQ", "---\n- a\n---\nQ", "--- \n\n text: [\nx", " ---\na: b\n---\nQ"],
)
def test_a_thematic_break_is_text(text: str) -> None:
    """A note may open with a thematic break: nothing is lost."""
    assert said(text) == [("user", text)]


def test_quoted_numbers_and_truth_values() -> None:
    """What Obsidian's property editor puts in quotes is no wrong type; a word is told."""
    quoted = 'temperature: "0.7"\nmax_tokens: "300"\nseed: 7.0\nstream: "false"\ntop_p: ""'
    assert parse(f"---\n{quoted}\n---\nQ").diagnostics == ()
    found = parse('---\ntemperature: "hot"\nmax_tokens: "0.5"\nstream: "1e999"\n---\nQ')
    told = [(item.code, item.line) for item in found.diagnostics]
    assert told == [("wrong-type", n) for n in (2, 3, 4)]
    assert not found.errors


def test_front_matter_keys() -> None:
    """Unknown keys and wrong types warn, a lone system command is a list of one."""
    note = parse("---\nsystem_commands: Be terse.\nfoo: 1\ntemperature: hot\nagent: A\n---\nQ")
    assert [(item.code, item.line, str(item.severity)) for item in note.diagnostics] == [
        ("unknown-key", 3, "warning"),
        ("wrong-type", 4, "warning"),
        ("agent-not-expanded", 5, "warning"),
    ]
    assert [(m.role, m.content, m.lines) for m in note.conversation] == [
        ("system", "Be terse.", (2, 2)),
        ("user", "Q", (7, 7)),
    ]


@pytest.mark.parametrize(
    ("text", "chat"),
    [
        ("Q", False),
        ("", False),
        ("---\nnotelog: true\n---\nQ", True),
        (HR, True),
        (f"> {HR}", False),
    ],
)
def test_what_is_a_chat(text: str, chat: bool) -> None:  # noqa: FBT001  # a case
    """A chat has a separator, two markers, or a ``notelog`` key."""
    assert parse(text).is_chat is chat


def test_values_of_many_lines_hold_no_carriage_return() -> None:
    """A block scalar of a CR LF note has neither CR nor blanks at its line ends."""
    text = "---\r\nsystem_commands:\r\n  - |-\r\n    a\r\n    b\r\n---\r\nQ"
    assert said(text)[0] == ("system", "a\nb")


def test_an_unclosed_comment_is_told_once() -> None:
    """One diagnostic for one open block."""
    assert [item.code for item in parse("%% x\n\ny").diagnostics] == ["unclosed-percent"]
    text = "=begin-chatgpt-md-comment =begin-chatgpt-md-comment\n"
    assert [item.code for item in parse(text).diagnostics] == ["unclosed-comment-block"]


def test_links_are_told() -> None:
    """Links, embeds and images of user turns outside protected text are diagnostics."""
    text = f"[[a]] ![[b]]\n![c](d)\n`[[e]]` \\[[g]]\n\n{HR}\nrole::assistant\n[[f]]"
    found = parse(text).diagnostics
    assert [(item.code, item.line) for item in found] == [
        ("link-not-expanded", 1),
        ("embed-not-expanded", 1),
        ("image-not-sent", 2),
    ]
    assert [item.message.partition(" is ")[0] for item in found] == [
        "link [[a]]",
        "embed ![[b]]",
        "image ![c](…)",
    ]


def test_diagnostics_are_bounded() -> None:
    """After 100 of a code, one more counts the rest."""
    found = parse("[[a]]\n" * 5000).diagnostics
    assert len(found) == 101
    assert "4900 more" in found[-1].message


def test_spans_of_turns_tile_the_note() -> None:
    """Front matter and turns follow each other without a gap."""
    note = parse(f"---\na: b\n---\n\n\n{HR}\n\nrole::user\n\n{HR}role::assistant x\n")
    at = note.front_matter.span.end
    for turn in note.turns:
        assert turn.span.start == at
        at = turn.span.end
    assert at == len(note.source.data)


def test_empty_turns_are_kept() -> None:
    """Empty turns stay among the turns and are not sent; an empty note has one."""
    assert [turn.content for turn in parse(f"Q\n{HR}\nrole::assistant\n").turns] == ["Q", ""]
    assert said(f"Q\n{HR}\nrole::assistant\nA\n{HR}\nrole::user\n\u3000\n\u00a0\u200b")[2:] == []
    (turn,) = parse("").turns
    assert (turn.content, turn.span.end) == ("", 0)


BLANKS = ("\u3000", "\u3000 \u2028", "\x0c", "\u200b", "\u00a0\t")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", BLANKS)
def test_lines_that_show_nothing_are_blank(blank: str, newline: str) -> None:
    """Blanks of any script count at both ends; the first line keeps its indentation."""
    text = f"\n{blank}\n{HR}\n{blank}\n\u3000A %%c%%\n{blank}\nb \u3000\n{blank}\n\n{blank}"
    for written in (text, text.replace(" %%c%%", "")):
        (message,) = parse(written.replace("\n", newline)).conversation
        assert message.content == f"\u3000A\n{blank}\nb \u3000"
        assert message.lines == (5, 7)


def test_system_commands_are_texts() -> None:
    """Anything but texts is an error; an item left empty, as Obsidian leaves it, is no message."""
    note = parse("---\nsystem_commands:\n  - a\n  -\n  - ''\n---\nQ")
    assert [message.content for message in note.conversation] == ["a", "Q"]
    assert not note.diagnostics
    for value in ("[1]", "{a: b}", "7"):
        found = parse(f"---\nsystem_commands: {value}\n---\nQ")
        assert [item.code for item in found.errors] == ["wrong-type"]


def test_messages_about_front_matter_name_it_once() -> None:
    """What is wrong with the front matter is said in one sentence."""
    for block in ("a: [", f"a: {'x' * 70_000}", "a: b: c"):
        (error,) = parse(f"---\n{block}\n---\nQ").errors
        assert error.message.count("front matter") == 1


def test_front_matter_pins_messages() -> None:
    """``pin`` names messages by the numbers that show prints, system messages included."""
    text = '---\npin: [1, 3]\nsystem_commands: s\n---\nQ\n\n<hr class="__chatgpt_plugin">\n\n'
    note = parse(text + "role::assistant\n\nA\n")
    assert [message.pinned for message in note.conversation] == [True, False, True]
    assert [item.code for item in parse("---\npin: first\n---\nQ\n").errors] == ["wrong-type"]
