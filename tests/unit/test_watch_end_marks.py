"""End marks that a person chose, and changed, in a watched vault: no question is paid for twice."""

import pytest
from memory_journal import MemoryJournal
from watch_world import ROOT, World, chat, with_settings

from notelog.adapters.yaml_frontmatter import read_front_matter
from notelog.core.asked import questions
from notelog.core.end_marks import end_marks_of
from notelog.core.parse import parse_note
from notelog.core.records import Intent
from notelog.core.reply import Reply, ReplyState
from notelog.core.source import SourceText
from notelog.errors import InDoubtError

USUAL = (";;", "；；")
OWN = ("//", "done")
_PAID = Reply(
    text="Paid for.",
    reasoning="",
    state=ReplyState.COMPLETE,
    finish_reason="stop",
    usage=None,
    model="m",
)


def watched(*marks: str, **settings: object) -> World:
    """A watched vault with these end marks."""
    world = World(with_settings(end_marks=marks, **settings))
    world.let_pass(5)
    return world


def test_only_the_chosen_marks_send() -> None:
    """``;;`` is text, and sends nothing; each of the own ones does."""
    world = watched(*OWN)
    world.save("a.md", chat("What is tea?", tail="\n;;\n"))
    world.let_pass(1000)
    assert world.server.asked == []
    for number, line in enumerate(OWN):
        world.save(f"{number}.md", chat(f"What is {number}?", tail=f"\n{line}\n"))
        world.let_pass(1000)
    assert world.server.asked == ["What is 0?", "What is 1?"]
    assert "reply 1" in world.text("0.md")


@pytest.mark.parametrize(
    ("marks", "told"),
    [(USUAL, "or end it with a line `;;`"), (OWN, "or end it with a line `//`"), ((), "in it")],
)
def test_the_start_says_how_to_send(marks: tuple[str, ...], told: str) -> None:
    """The first lines name a mark that counts, or only the box."""
    said = [item.sentence for item in watched(*marks).told]
    (how,) = [sentence for sentence in said if sentence.startswith("to send a message: ")]
    assert how.endswith(told)
    assert (";;" in how) == (marks == USUAL)


@pytest.mark.parametrize(
    ("before", "after"), [(USUAL, OWN), (OWN, USUAL), (USUAL, ()), ((), USUAL), (OWN, ("x", "//"))]
)
@pytest.mark.parametrize("mode", ["mark", "auto"])
@pytest.mark.parametrize(
    "note",
    [
        chat("q1\n;;", "a1\n\\//", "q2"),
        chat("q1\n//", "a1", "q2\n;;"),
        chat("q1\n\ndone", "a1", "q2", tail="\n- [x] send\n\n;;\n"),
        chat("q1", "a1\n\\;;\n\n\\done", "q2\n//"),
    ],
)
def test_what_is_in_doubt_stays_so_under_other_marks(
    note: bytes, mode: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """A question that may have been billed is not asked again by itself, there and back."""
    world = watched(*before, mode=mode)
    world.server.faults.append(InDoubtError("cut"))
    world.save("a.md", note)
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    for marks in (after, before, after):
        world.choose_end_marks(*marks)
        world.start()
        world.let_pass(1000)
        world.save("a.md", world.text("a.md").encode() + b"\n")
        world.let_pass(1000)
        world.save("a.md", note)
        world.let_pass(1000)
        assert len(world.server.asked) == 1


@pytest.mark.parametrize(("before", "after"), [(USUAL, OWN), (OWN, USUAL), (USUAL, ())])
def test_what_was_answered_stays_so_under_other_marks(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """An answered note asks for nothing, nor does an old copy of it that is saved over it."""
    world = watched(*before, mode="auto")
    note = chat("q1\n;;", "a1\n\\//", "q2\n//", tail="\n- [x] send\n\n；；\n")
    world.save("a.md", note)
    world.let_pass(1000)
    answered = world.text("a.md").encode()
    assert b"reply 1" in answered
    world.choose_end_marks(*after)
    world.start()
    for data in (answered + b"\n", note, answered, note + b"\n"):
        world.save("a.md", data)
        world.let_pass(1000)
    assert len(world.server.asked) == 1


@pytest.mark.parametrize(("before", "after"), [(USUAL, OWN), (OWN, USUAL), (USUAL, ())])
def test_a_kept_reply_lands_under_other_marks(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """A reply that came before a crash goes below its question, and nothing is asked for it."""
    world = watched(*before)
    note = chat("q1\n;;", "a1", "q2\n//", tail="\n- [x] send\n")
    world.save("a.md", note, event=False)
    parsed = parse_note(SourceText(note), read_front_matter, end_marks=end_marks_of(before))
    journal = MemoryJournal(world.disk, vault=ROOT, now=world.clock.now)
    journal.named_under(before)
    record = journal.begin(
        Intent(
            turn_key=[*questions(parsed)][-1], note=f"{ROOT}/a.md", vault=ROOT, profile="test",
            model="m", prompt_tokens=1, prompt="q2",
        )
    )  # fmt: skip
    journal.sent(record.record_id)
    journal.received(record.record_id, _PAID)
    journal.close()
    world.choose_end_marks(*after)
    world.start()
    world.let_pass(1000)
    assert "Paid for." in world.text("a.md")
    assert world.server.asked == []


def test_an_edited_question_is_asked_under_other_marks() -> None:
    """What a person changes is another question, as ever."""
    world = watched(*USUAL)
    world.server.faults.append(InDoubtError("cut"))
    world.save("a.md", chat("q1\n;;", "a1", "q2"))
    world.let_pass(1000)
    world.choose_end_marks(*OWN)
    world.start()
    world.save("a.md", chat("q1\n;;", "a1", "q3"))
    world.let_pass(1000)
    assert world.server.asked == ["q2", "q3"]
