"""When a note is answered and why not: tables of notes and of the one sentence each."""

import pytest

from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.core.parse import parse_note
from notelog.core.source import SourceText
from notelog.core.triggers import Answer, Mode, Pass, Passed, Rules, Trigger, why

SEPARATOR = '\n<hr class="__chatgpt_plugin">\n\n'
ANSWERED = f"q{SEPARATOR}role::assistant\n\na\n"
ASKED = f"{ANSWERED}{SEPARATOR}role::user\n\n"


def verdict(text: str, rules: Rules | None = None) -> Answer | Pass:
    """The decision about a note."""
    return why(parse_note(SourceText(text.encode()), read_front_matter), rules or Rules())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("words\n", Passed.NOT_A_CHAT),
        ("words\n\n;;\n", Passed.NOT_A_CHAT),
        (ANSWERED, Passed.ANSWERED),
        (f"{ASKED}\n- [x] send\n", Passed.UNFINISHED),
        (f"{ASKED}\n- [ ] send\n", Passed.ANSWERED),
        (f"{ASKED}\n- [x] again\n", Passed.ANSWERED),
        (f"{ASKED}more\n", Passed.UNMARKED),
        (f"{ASKED}more\n\n- [ ] send\n", Passed.UNTICKED),
        (f"{ASKED}more\n\n- [x] send\n", Trigger.MARK),
        (f"{ASKED}more\n\n* [X] 发送\n", Trigger.MARK),
        (f"{ASKED}more\n\n- [ ] 发送\n", Passed.UNTICKED),
        (f"{ASKED}more\n\n;;\n", Trigger.MARK),
        (f"{ASKED}more\n；；\n", Trigger.MARK),
        (f"{ASKED}more ;;\n", Passed.UNMARKED),
        (f"{ASKED};;\n\n;;\n", Passed.NOTHING),
        (f"{ASKED};;\n\nmore\n", Passed.TYPED_ON),
        (f"{ASKED}more\n\n- [x] send\n- [ ] \n", Trigger.MARK),
        (f"{ASKED}more\n\n- [x] other\n", Passed.UNMARKED),
        (f"{ASKED}```\n- [x] send\n```\n", Passed.UNMARKED),
        (f"{ASKED}more\n\n[stop]\n\n- [x] send\n", Passed.STOPPED),
        (f"{ASKED}more\n\n- [x] send\n[stop]\n", Passed.STOPPED),
        (f"{ASKED}more\n\n;;\n\n[Stop]\n", Passed.STOPPED),
        (f"{ASKED}more\n{SEPARATOR}role::assistant\n\n[stop]\n", Passed.STOPPED),
        (f"{ASKED}more\n{SEPARATOR}role::assistant\n\nto [stop]\n", Passed.ANSWERED),
        (f"---\nnotelog: off\n---\n{ASKED}more\n\n;;\n", Passed.OFF),
        (f"---\nnotelog: false\n---\n{ASKED}more\n\n;;\n", Passed.OFF),
        (f"---\nnotelog: Mark\n---\n{ASKED}more\n\n;;\n", Trigger.MARK),
        (f"---\nnotelog: sometimes\n---\n{ASKED}more\n\n;;\n", Passed.IN_ERROR),
        (f"q{SEPARATOR}role::nobody\n\n;;\n", Passed.IN_ERROR),
        ("---\nnotelog: mark\n---\n\n- [x] send\n", Passed.UNFINISHED),
        ("---\nnotelog: mark\n---\n\n- [ ] send\n", Passed.NOTHING),
        ("---\nnotelog: mark\n---\n\nq\n\n- [x] send\n", Trigger.MARK),
        ("---\nnotelog: auto\n---\n\nq\n", Trigger.AUTO),
        ("---\nnotelog: auto\n---\n\nq\n\n- [ ] send\n", Passed.UNTICKED),
        *(
            (f"---\nnotelog: auto\n---\n\nq{end}\n", Passed.UNFINISHED)
            for end in [
                *(",", ":", " -", "(", "，", "、", "：", "（", "——", "…", "...", "。。。"),
                *(":**", ":_", "\n\n***so,***", "\n\n```py\nx = 1"),
            ]
        ),
        *(
            (f"---\nnotelog: auto\n---\n\nq{end}\n", Trigger.AUTO)
            for end in [".", "。", " **so**", "\n\n***"]
        ),
        (f"{ASKED}more\n{SEPARATOR}role::assistant\n\n", Passed.UNMARKED),
    ],
)
def test_why(text: str, expected: Trigger | Passed) -> None:
    """Each note is answered because of this, or passed over because of that."""
    found = verdict(text)
    assert (found.trigger if isinstance(found, Answer) else found.because) == expected
    assert found.sentence
    assert "\n" not in found.sentence


def test_an_empty_marker_asks_where_that_is_set() -> None:
    """The empty assistant marker counts with ``marker`` only."""
    text = f"{ASKED}more\n{SEPARATOR}role::assistant\n\n"
    found = verdict(text, Rules(marker=True))
    assert isinstance(found, Answer)
    assert found.trigger is Trigger.MARKER


def test_unedited_notes_are_history_in_auto_only() -> None:
    """``auto`` answers what was edited while it watched; a mark needs no edit."""
    auto = verdict(f"{ASKED}more\n", Rules(mode=Mode.AUTO, edited=False))
    assert isinstance(auto, Pass)
    assert auto.because is Passed.HISTORY
    assert isinstance(verdict(f"{ASKED}more\n\n;;\n", Rules(edited=False)), Answer)


def test_the_mode_of_the_configuration_holds_where_the_note_is_silent() -> None:
    """``mode = "off"`` leaves notes alone that do not ask for it; the note wins."""
    assert isinstance(verdict(f"{ASKED}more\n\n;;\n", Rules(mode=Mode.OFF)), Pass)
    marked = f"---\nnotelog: mark\n---\n{ASKED}more\n\n;;\n"
    assert isinstance(verdict(marked, Rules(mode=Mode.OFF)), Answer)


def test_the_key_is_that_of_the_question() -> None:
    """The mark and blank lines do not change the key; another word does."""
    keys = {
        found.key
        for text in ("more\n\n;;\n", "more\n\n\n- [x] send\n", "more  \n- [x] 发送\n")
        if isinstance(found := verdict(ASKED + text), Answer)
    }
    assert len(keys) == 1
    other = verdict(f"{ASKED}more!\n\n;;\n")
    assert isinstance(other, Answer)
    assert other.key not in keys


@pytest.mark.parametrize(
    ("head", "mode", "sentence"),
    [
        ("notelog: Off", Mode.MARK, "its front matter says `notelog: off`"),
        ("notelog: false", Mode.MARK, "its front matter says `notelog: false`"),
        ("notelog: true", Mode.OFF, "watch.mode is `off`"),
        ("model: m", Mode.OFF, "watch.mode is `off`"),
    ],
)
def test_what_switches_a_note_off(head: str, mode: Mode, sentence: str) -> None:
    """The one that does is named: the front matter as it is, or the configuration."""
    found = verdict(f"---\n{head}\n---\n\nq{SEPARATOR}role::user\n\nmore\n", Rules(mode=mode))
    assert isinstance(found, Pass)
    assert (found.because, found.sentence) == (Passed.OFF, sentence)


@pytest.mark.parametrize(
    "line",
    [
        "- ［x］ 发送",
        "- 【x】发送",
        "-[x] send",
        "- [] send",
        "> - [x] send",
        "[x] Send",
        "```\n- [x] send\n```",
        "~~~\n;;\n~~~",
    ],
)
def test_what_somebody_may_take_for_a_mark_is_named(line: str) -> None:
    """A box that is misspelt, quoted, or shown as code: which line it is, and what counts."""
    found = verdict(f"{ASKED}more\n\n{line}\n")
    assert isinstance(found, Pass)
    assert found.because is Passed.UNMARKED
    assert f"`{line.strip('`~').strip()}`" in found.sentence
    assert "- [x] send" in found.hint


@pytest.mark.parametrize("line", ["send", "- [x] send it", "[send](x)", "- [x] sender", "(x)"])
def test_other_words_are_no_near_miss(line: str) -> None:
    """They are words of the message."""
    found = verdict(f"{ASKED}more\n\n{line}\n")
    assert isinstance(found, Pass)
    assert found.sentence == "its last message is not marked as finished"
