"""End marks that a person chose: what can be one, and that everything goes by the same ones."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # noqa: TID253  # the oracle

import notelog
from notelog.adapters.config_glance import names_end_marks
from notelog.adapters.config_toml import load_config
from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.core.asked import changed_keys, questions
from notelog.core.edit import apply_plan
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks, end_marks_of
from notelog.core.inert import escape, normalise
from notelog.core.landing import plan_reply, typed_below
from notelog.core.marked import is_marked
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.parse import parse_note
from notelog.core.records import turn_key
from notelog.core.source import SourceText
from notelog.core.triggers import Answer, Mode, Pass, Passed, Rules, Trigger, why
from notelog.core.turn import ReplyDue, hangs_on_end_marks, next_turn
from notelog.errors import ConfigurationError

HR = '<hr class="__chatgpt_plugin">'
ASK = f"\n\n{HR}\n\nrole::user\n\n"
SAY = f"\n\n{HR}\n\nrole::assistant\n\n"
OWN = end_marks_of(["//", "done"])
NONE = end_marks_of([])
GOOD = (
    *(
        "//",
        "done",
        "#done",
        "；；",
        "。。",
        "完",
        "✅",
        "++",
        "**",
        "__",
        "@@",
        "==>",
        "|",
        "/send",
    ),
    *("<3", "<<", "&&", "~~", "^^", "1", "-x", "a.b", ";" * 16),
)
BAD = {
    "is empty": [""],
    "longer than 16": [";" * 17],
    "cannot be seen": ["\x1b[0m", "a\u202eb", "\u2066", "\x7f", "\ufeff", "a\u2028b", "\0"],
    "holds a blank": [" ", ";; ", " ;;", "; ;", "a\tb", "a\nb", "\u3000", "a\u00a0", "\u200b"],
    "a backslash": ["\\", "\\;;", ";\\"],
    "a rule, a heading": [
        *("---", "***", "___", "-----", "-", "--", "==", "=", "#", "######", "+", "*", "1.", "12)"),
        *("|-|", ":-:", "-|-"),
    ],
    "role marker": ["role::user", "ROLE::x", "role：：user", "##role::a"],
    "code": ["```", "~~~", "````py", "`x`", "~~~~"],
    "a box, a link": ["[x]", "[]", "[[tea]]", "![[tea]]", "[stop]", "[STOP]", "[^1]", "[!note]"],
    "a quote, a callout": [">", ">;;", ">[!notelog]", "-->", "?>", "]]>"],
    "HTML": ["<hr>", "<hr/>", "<!--", "</pre>", "<?", "<b>"],
    "a comment": ["%%", "%%%", ";;%%", "$$", "=begin-chatgpt-"],
}


def parse(text: str | bytes, marks: EndMarks = OWN) -> Note:
    """A note under these marks."""
    data = text if isinstance(text, bytes) else text.encode()
    return parse_note(SourceText(data), read_front_matter, end_marks=marks)


def said(note: Note) -> list[str]:
    """What its messages say."""
    return [message.content for message in note.conversation]


BLANKS = ("", " \t", "\u3000", "\u3000\u3000 ", "\u00a0", "\u200b", "\ufeff", "\u2028")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("below", ["", *(f"{blank}\n" for blank in BLANKS)])
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("indent", ["", "  ", "\u3000\u3000"])
def test_what_cannot_be_seen_around_a_mark_is_nothing(
    indent: str, blank: str, below: str, newline: str
) -> None:
    """Full-width and other blanks beside a mark, or below it, do not keep it from counting."""
    text = f"{ASK}Q 问\n\n{indent}；；{blank}\n{below}".replace("\n", newline)
    note = notelog.parse(text)
    assert [(mark.ticked, mark.label) for mark in note.turns[-1].send_marks] == [(True, "")]
    assert note.turns[-1].content == "Q 问"
    assert is_marked(text.encode(), DEFAULT_END_MARKS)
    due = next_turn(notelog.parse(f"{ASK}Q 问"))
    asked = next_turn(note)
    assert isinstance(due, ReplyDue)
    assert isinstance(asked, ReplyDue)
    assert turn_key(asked.conversation) == turn_key(due.conversation)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("label", ["send", "发送", "again", "发送 ✅ 2026-01-31"])
def test_what_cannot_be_seen_behind_a_box_is_nothing(label: str, blank: str, newline: str) -> None:
    """Also a box with such blanks behind it counts, and a reply that holds it is made inert."""
    box = f"- [x] {label}{blank}"
    text = f"{ASK}Q 问\n\n{box}\n".replace("\n", newline)
    note = notelog.parse(text)
    assert [mark.ticked for mark in note.turns[-1].send_marks] == [True]
    assert note.turns[-1].content == "Q 问"
    if newline != "\r" and label in {"send", "发送"}:
        assert is_marked(text.encode(), DEFAULT_END_MARKS)
    assert escape(box, DEFAULT_END_MARKS) == f"- \\{box[2:]}"


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("indent", ["", "  ", "\u3000\u3000", " \u3000"])
@pytest.mark.parametrize("above", ["", "text\n", "text\n\n", "1. item\n\n"])
def test_a_reply_cannot_look_like_a_mark_by_such_blanks(
    above: str, indent: str, blank: str
) -> None:
    """Such a line of a reply gets its backslash, and is read back as it was said."""
    reply = f"{above}{indent}；；{blank}\nend"
    written = escape(normalise(reply), DEFAULT_END_MARKS)
    assert written == f"{above}{indent}\\；；{blank}\nend"
    for text in (f"q{SAY}{written}\n", f"q{SAY}{reply}\n"):
        assert said(notelog.parse(text)) == ["q", reply]


@pytest.mark.parametrize("mark", ["<3", "<<"])
def test_a_mark_like_a_tag_begins_no_message(mark: str) -> None:
    """Not even where it stands apart behind a list."""
    note = parse(f"q1{SAY}a{ASK}1. [x] pin\n\n  {mark}\n\nmore", end_marks_of([mark]))
    assert said(note)[-1] == f"  {mark}\n\nmore"
    assert len(note.turns) == 3


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("above", BLANKS)
def test_an_empty_task_that_an_editor_added_is_nothing(above: str, blank: str) -> None:
    """Also with such blanks behind it, or in the lines above it."""
    note = notelog.parse(f"q\n\n- [x] send\n{above}\n- [ ]{blank}\n")
    assert said(note) == ["q"]


@pytest.mark.parametrize("line", ["    ；；", "；；\u3000x", "x；；", "\u200b；；", "；\u3000；"])
def test_a_line_that_shows_more_is_no_mark(line: str) -> None:
    """What is code, or holds anything that can be seen."""
    text = f"{ASK}Q\n\n{line}\n"
    assert notelog.parse(text).turns[-1].send_marks == ()
    assert not is_marked(text.encode(), DEFAULT_END_MARKS)


@pytest.mark.parametrize("blank", BLANKS)
def test_what_is_typed_below_such_a_mark_stays_below(blank: str) -> None:
    """The reply goes between the mark and what was typed on."""
    asked = f"Q1{SAY}A1{ASK}Q2\n\n；；{blank}\n"
    note = notelog.parse(f"{asked}more")
    due = next_turn(notelog.parse(asked))
    assert isinstance(due, ReplyDue)
    place = typed_below(note, turn_key(due.conversation), "Q2")
    assert place is not None
    assert place.split_at == len(asked.encode())


@pytest.mark.parametrize(("words", "mark"), [(words, m) for words in BAD for m in BAD[words]])
def test_what_cannot_be_a_mark_is_refused(words: str, mark: str) -> None:
    """What the note format or Markdown means otherwise is none, and the message says why."""
    with pytest.raises(ValueError, match="cannot be a mark") as caught:
        end_marks_of([";;", mark])
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_too_many_marks_are_refused() -> None:
    """Each is looked for in every message."""
    assert len(end_marks_of([f"m{n}" for n in range(16)]).marks) == 16
    with pytest.raises(ValueError, match="more than 16"):
        end_marks_of([f"m{n}" for n in range(17)])


@pytest.mark.parametrize("mark", GOOD)
def test_a_mark_is_a_line_of_text(mark: str) -> None:
    """Markdown has nothing but a paragraph in it, below text and alone, as CommonMark decides."""
    marks = end_marks_of([mark])
    markdown = MarkdownIt("commonmark").enable("table")
    for text in (f"text\n{mark}\n", f"{mark}\n"):
        kinds = {token.type for token in markdown.parse(text)}
        assert kinds == {"paragraph_open", "inline", "paragraph_close"}, text
    note = parse(f"q1{SAY}a{ASK}q2\n{mark}\n", marks)
    assert said(note) == ["q1", "a", "q2"]
    assert said(parse(f"q1{SAY}a\n{escape(mark, marks)}{ASK}q2", marks))[1] == f"a\n{mark}"


def test_the_configuration_says_them(tmp_path: Path) -> None:
    """They are a setting with its line; nothing said is the usual two."""
    assert (
        load_config(str(tmp_path), {}).watch.end_marks == DEFAULT_END_MARKS.marks == (";;", "；；")
    )
    file = tmp_path / "config.toml"
    for text, marks in (('["//", "done"]', ("//", "done")), ("[]", ())):
        file.write_text(f"[watch]\nend_marks = {text}\n", "utf-8")
        config = load_config(str(tmp_path), {})
        assert config.watch.end_marks == marks
        assert config.origins["watch.end_marks"] == "config.toml:2"
        assert names_end_marks(str(tmp_path))
    file.write_text('[watch]\n# end_marks = ["//"]\nmarker = true\n', "utf-8")
    assert not names_end_marks(str(tmp_path))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('["---"]', "'---' cannot be a mark"),
        ('[";;", "a b"]', "'a b' cannot be a mark: it holds a blank"),
        (r'["\u202E"]', r"'\u202e' cannot be a mark: it holds a character that cannot be seen"),
        ('"//"', "expected array"),
        ("[1]", "expected str"),
    ],
)
def test_a_wrong_mark_names_its_line(tmp_path: Path, value: str, words: str) -> None:
    """The error has the file, the line, the setting and the mark."""
    (tmp_path / "config.toml").write_text(f"\n[watch]\nend_marks = {value}\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(str(tmp_path), {})
    assert caught.value.line == 3
    assert caught.value.message.startswith("watch.end_marks")
    assert words in caught.value.message


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("text", "content", "marks"),
    [
        ("q\n\n//\n", "q", OWN),
        ("q\n   done  \n\n\n", "q", OWN),
        ("q\n//", "q", OWN),
        ("q\n\n;;\n", "q\n\n;;", OWN),
        ("q\n//\nmore\n", "q\n//\nmore", OWN),
        ("q //\n", "q //", OWN),
        ("q\nDone\n", "q\nDone", OWN),
        ("q\n\\//\n", "q\n\\//", OWN),
        ("```\n//\n```\n", "```\n//\n```", OWN),
        ("q\n\n    //\n", "q\n\n    //", OWN),
        ("q\n//\n- [x] send\n", "q", OWN),
        ("q\n;;\n", "q\n;;", NONE),
        ("q\n//\n", "q\n//", NONE),
        ("q\n\n- [x] send\n", "q", NONE),
        ("q\n；；\n", "q", DEFAULT_END_MARKS),
    ],
)
def test_only_the_chosen_marks_are_taken_out(
    text: str, content: str, marks: EndMarks, newline: str
) -> None:
    """On the last line, outside code, exactly as written; what is no mark is text."""
    note = parse(f"q1{SAY}a{ASK}{text}".replace("\n", newline), marks)
    assert said(note) == ["q1", "a", content]


def test_the_library_takes_them() -> None:
    """``notelog.parse`` has them as a keyword, with the usual ones where nothing is said."""
    text = f"q1{SAY}a{ASK}q2\n//\n"
    assert said(notelog.parse(text))[-1] == "q2\n//"
    assert said(notelog.parse(text, end_marks=["//"]))[-1] == "q2"
    assert said(notelog.parse(text.replace("//", ";;"), end_marks=[]))[-1] == "q2\n;;"
    with pytest.raises(ValueError, match="cannot be a mark"):
        notelog.parse(text, end_marks=["---"])


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("more\n\n//\n", Trigger.MARK, ""),
        ("more\ndone\n", Trigger.MARK, ""),
        ("more\n\n;;\n", Passed.UNMARKED, "or end it with a line `//`"),
        ("more\n\n- [x] send\n", Trigger.MARK, ""),
        ("done\n\nmore\n", Passed.TYPED_ON, "below the line `done`"),
        (";;\n\nmore\n", Passed.UNMARKED, "`//`"),
        ("//\n\ndone\n", Passed.NOTHING, ""),
    ],
)
def test_what_fires_and_what_the_sentence_names(
    text: str, expected: Trigger | Passed, words: str
) -> None:
    """The watcher goes by the same marks, and tells a person of no other."""
    found = why(parse(f"q1{SAY}a{ASK}{text}"), Rules())
    assert (found.trigger if isinstance(found, Answer) else found.because) == expected
    sentence = "" if isinstance(found, Answer) else f"{found.sentence} {found.hint}"
    assert words in sentence
    assert ";;" not in sentence


@pytest.mark.parametrize("mode", [Mode.MARK, Mode.AUTO])
def test_without_marks_only_the_box_is_named(mode: Mode) -> None:
    """With none, nobody is told to end a message with a line."""
    found = why(parse(f"q1{SAY}a{ASK}more\n;;\n,", NONE), Rules(mode=mode))
    assert isinstance(found, Pass)
    assert found.hint.endswith("tick `- [x] send` (or `- [x] 发送`) in it")
    assert NONE.how_to_send in found.hint


@pytest.mark.parametrize(
    ("text", "marks", "marked"),
    [
        ("words\n//\n", OWN, True),
        ("words\n\ndone \r\n\r\n", OWN, True),
        ("words\n;;\n", OWN, False),
        ("words\n;;\n", NONE, False),
        ("words\n", NONE, False),
        ("", NONE, False),
        ("words\r；；\r", DEFAULT_END_MARKS, True),
        ("words ;;\n", DEFAULT_END_MARKS, False),
        ("words\n- [x] send\n", NONE, True),
    ],
)
def test_a_note_that_is_no_chat(text: str, marks: EndMarks, *, marked: bool) -> None:
    """Whoever marks a plain note is told that it is no chat, by the same marks."""
    assert is_marked(text.encode(), marks) is marked


@pytest.mark.parametrize("mark", ["//", "done"])
def test_what_is_typed_below_a_mark_is_the_next_message(mark: str) -> None:
    """A reply lands above what was typed below the mark meanwhile; nothing of it is lost."""
    asked = parse(f"q1{SAY}a{ASK}q2\n\n{mark}\n")
    due = next_turn(asked)
    assert isinstance(due, ReplyDue)
    note = parse(f"q1{SAY}a{ASK}q2\n\n{mark}\nand more\n")
    place = typed_below(note, turn_key(due.conversation), "q2")
    assert place is not None
    plan = plan_reply(
        note,
        place.turn_index,
        f"a2\n{mark}\n",
        fingerprint="",
        style=ReplyStyle(),
        split_at=place.split_at,
    )
    landed = parse(apply_plan(note.source.data, plan))
    assert said(landed) == ["q1", "a", "q2", f"a2\n{mark}", "and more"]
    assert typed_below(parse(note.source.data, NONE), turn_key(due.conversation), "q2") is None


@pytest.mark.parametrize(
    ("reply", "written", "marks"),
    [
        ("a\n//", "a\n\\//", OWN),
        ("a\n  done\nb", "a\n  \\done\nb", OWN),
        ("a\n\\//", "a\n\\\\//", OWN),
        ("a\n;;", "a\n\\;;", OWN),
        ("a\n;;", "a\n\\;;", NONE),
        ("a\n//", "a\n//", DEFAULT_END_MARKS),
        ("```\n//\n```", "```\n//\n```", OWN),
    ],
)
def test_a_reply_is_made_inert_against_them(reply: str, written: str, marks: EndMarks) -> None:
    """A line that would be a mark gets a backslash; the usual ones always do."""
    assert escape(normalise(reply, end_marks=marks), marks) == written
    note = parse(f"q{SAY}{written}\n", marks)
    assert said(note) == ["q", reply]


_PIECES = (
    "//",
    "done",
    ";;",
    "；；",
    "\\",
    "\n",
    " ",
    "    ",
    "x",
    "```",
    "- [x] send",
    "role::user",
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(_PIECES), max_size=20).map("".join),
    st.sampled_from([OWN, NONE, DEFAULT_END_MARKS, end_marks_of(["x", "//"])]),
    st.sampled_from(["q", "q\n//", "q\n\n;;\n", "q\n```\n//"]),
)
def test_every_reply_reads_back_under_any_marks(reply: str, marks: EndMarks, head: str) -> None:
    """The law of replies holds whatever the marks are."""
    note = parse(f"q0{SAY}a0{ASK}{head}", marks)
    due = next_turn(note)
    assert isinstance(due, ReplyDue)
    plan = plan_reply(note, due.turn_index, reply, fingerprint="", style=ReplyStyle())
    content = normalise(reply, end_marks=marks)
    landed = parse(apply_plan(note.source.data, plan), marks)
    assert plan.content == content
    assert landed.conversation[: len(note.conversation)][-1].role == "user"
    assert [item.content for item in landed.conversation if item.role == "assistant"][1:] == (
        [content] if content else []
    )


@pytest.mark.parametrize(
    "text",
    [
        f"q1\n;;{SAY}a{ASK}q2\n\n- [x] send\n",
        f"q1{SAY}a\n\\//{ASK}q2\n",
        f"q1{SAY}a{ASK}q2{ASK};;\n",
        f"q1{SAY}a{ASK}q2{ASK};;\n\n{ASK}//\n",
        f"//{ASK}q1\n;;{SAY}a",
        f"q1\n;;{SAY}a{ASK}q2\n//\n",
    ],
)
@pytest.mark.parametrize("first", [OWN, NONE, DEFAULT_END_MARKS])
@pytest.mark.parametrize("second", [OWN, NONE, DEFAULT_END_MARKS])
def test_a_question_is_known_under_other_marks(
    text: str, first: EndMarks, second: EndMarks
) -> None:
    """The question that waits, and each above it, is known by the key that it had before.

    Also where a mark was all that a turn below it held.
    """
    before, now = parse(text, first), parse(text, second)
    changed = changed_keys(before, now)
    keys = questions(now)
    last = [*questions(before)][-1]
    assert changed.get(last, last) == [*keys][-1]
    for key, turn in questions(before).items():
        assert changed.get(key, key) in keys or not now.turns[turn].content
    assert not changed or first != second


@pytest.mark.parametrize(
    ("text", "hangs"),
    [
        (f"What is tea?{SAY}A leaf.{ASK}And coffee, then?\n", False),
        ("What is tea?\n\n;;\n", True),
        ("What is tea?\n\n//\n", True),
        (f"What is tea?{SAY}A leaf.\n\\//\n", True),
        ("What is tea?\n\n- [x] send\n", False),
    ],
)
def test_when_the_configuration_need_not_be_read(text: str, *, hangs: bool) -> None:
    """``show`` does without it where no line could be a mark."""
    assert hangs_on_end_marks(parse(text, DEFAULT_END_MARKS)) is hangs
