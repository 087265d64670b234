"""``notelog again``, boxes that are ticked, and going on: the real program, counting requests."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from journal_records import write_turn
from program import Program
from scripted_server import (
    ScriptedServer,
    Signal,
    Wait,
    chunk,
    event,
    reply,
    reply_events,
    response,
    status,
    usage_chunk,
)

QUESTION = "What is a note?\n"
SEPARATOR = '<hr class="__chatgpt_plugin">'
HEAD = f"\n{SEPARATOR}\n\nrole::assistant\n\n"
TAIL = f"\n\n{SEPARATOR}\n\nrole::user\n\n"


@pytest.fixture
def note(vault: Path) -> Path:
    """A note with a question."""
    path = vault / "问题.md"
    path.write_bytes(QUESTION.encode())
    return path


def cut(text: str) -> list[Any]:
    """A reply that stops at a limit."""
    return reply(text, finish_reason="length")


def asked(server: ScriptedServer) -> list[list[str]]:
    """What each request said, message by message."""
    return [
        [message["content"] for message in request.json()["messages"]]  # type: ignore[attr-defined]
        for request in server.requests
    ]


def test_the_newest_answer_that_an_earlier_text_was_saved_over(
    program: Program, note: Path
) -> None:
    """It is kept, and ``deliver`` puts it back, once; and not what ``undo`` took out."""
    with ScriptedServer([reply("First."), reply("Second.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        stale = note.read_bytes()
        program.run("again", note)
        newest = note.read_bytes()
        note.write_bytes(stale)
        assert "kept" in program.run("log", note).out
        assert program.run("deliver", note).code == 0
        assert note.read_bytes() == newest
        assert "kept" not in program.run("log", note).out
        program.run("deliver", note)
        assert note.read_bytes() == newest
        assert program.run("undo", note).code == 0
        assert note.read_bytes() == stale
        program.run("deliver", note)
        assert note.read_bytes() == stale
    assert len(server.requests) == 2


def test_another_answer_folds_the_earlier_ones(program: Program, note: Path) -> None:
    """Twice again: two folded variants and the newest, which alone is sent on."""
    replies = [reply(text) for text in ("First.", "Second.", "Third.", "Next.")]
    with ScriptedServer(replies) as server:
        program.serve(server.base_url)
        for arguments in (("complete",), ("again",), ("complete", "--again")):
            assert program.run(*arguments, note).code == 0
        text = note.read_text()
        assert text.startswith(QUESTION + HEAD + "> [!notelog]- Earlier answer (m, 20")
        assert text.endswith(")\n> Second.\n\nThird." + TAIL)
        assert text.count("[!notelog]-") == 2
        with note.open("a") as file:
            file.write("And then?\n")
        assert program.run("complete", note).code == 0
    assert asked(server) == [["What is a note?"]] * 3 + [["What is a note?", "Third.", "And then?"]]


@pytest.mark.parametrize("script", [status(500), status(400), status(401), response(end=False)])
def test_a_failed_attempt_leaves_the_earlier_answer(
    program: Program, note: Path, script: list[Any]
) -> None:
    """Not a byte of the note changes where no other answer came."""
    with ScriptedServer([reply("First."), script]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        before = note.read_bytes()
        assert program.run("again", note).code != 0
        assert program.run("complete", note).code == 0
        assert len(server.requests) == 2
    assert note.read_bytes() == before


def test_a_changed_answer_is_kept_and_nothing_is_sent(program: Program, note: Path) -> None:
    """It is the person's text now; hidden, it makes room for another."""
    with ScriptedServer([reply("First."), reply("Second.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        note.write_text(note.read_text().replace("First.", "First, and mine."))
        before = note.read_bytes()
        run = program.run("again", note)
        assert (run.code, len(server.requests)) == (9, 1)
        assert "changed" in run.err
        assert "%%" in run.err
        assert note.read_bytes() == before
        note.write_text(note.read_text().replace("First, and mine.", "%%\nFirst, and mine.\n%%"))
        assert program.run("again", note).code == 0
    text = note.read_text()
    assert "%%\nFirst, and mine.\n%%" in text
    assert "Second." in text


def test_again_sends_nothing_where_it_could_not_take_the_place(
    program: Program, note: Path
) -> None:
    """A note with two names is changed at its end only: that is found out before it is paid for."""
    with ScriptedServer([reply("First.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        before = note.read_bytes()
        note.with_name("twin.md").hardlink_to(note)
        run = program.run("again", note)
        assert (run.code, len(server.requests)) == (4, 1)
    assert "hard link" in run.err
    assert "nothing was sent" in run.err
    assert "in a new message" in run.err
    assert note.read_bytes() == before


def test_a_reply_that_would_go_above_other_text_of_such_a_note_is_not_asked_for(
    program: Program, note: Path
) -> None:
    """Where a comment stands below the question, the person is told what to move."""
    before = f"Q{TAIL}\n%% foot %%\n"
    note.write_text(before)
    note.with_name("twin.md").hardlink_to(note)
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
        assert (run.code, server.connections) == (4, 0)
        assert "below the question" in run.err
        assert note.read_text() == before
        note.write_text("%% foot %%\n\nQ\n")
        assert program.run("complete", note).code == 0


def test_a_part_that_is_to_stay_in_the_journal_does_so_after_a_crash(
    program: Program, note: Path
) -> None:
    """The note is left alone, and what came can be gone on from."""
    write_turn(program, note, "part", profile="test", text="Half of")
    with ScriptedServer([reply("Half of it.")]) as server:
        program.serve(server.base_url)
        config = program.home / "config" / "config.toml"
        config.write_text('partial_replies = "journal"\n' + config.read_text())
        run = program.run("complete", note)
        assert (run.code, server.connections) == (7, 0)
        assert "--continue" in run.err
        assert note.read_text() == QUESTION
        assert program.run("complete", "--continue", note).code == 0
    assert note.read_text() == QUESTION + HEAD + "Half of it." + TAIL


def test_an_answer_of_another_program_is_kept(program: Program, note: Path) -> None:
    """The journal does not know it, so it is a person's text."""
    note.write_text(QUESTION + HEAD + "Theirs." + TAIL)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run("again", note)
    assert (run.code, server.connections) == (9, 0)
    assert "not written by notelog" in run.err


def test_a_tick_in_a_copied_note_says_what_is_the_case(program: Program, note: Path) -> None:
    """The plain command names the box and the copy, and what to do; the note is left alone."""
    with ScriptedServer([reply("First.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        copy = note.with_name("copy.md")
        copy.write_text(note.read_text() + "- [x] again\n")
        before = copy.read_bytes()
        run = program.run("complete", copy)
        assert (run.code, len(server.requests)) == (9, 1)
        assert "copy" in run.err
        assert "untick the box" in run.err
        assert copy.read_bytes() == before
        copy.write_text(copy.read_text().replace("[x]", "[ ]"))
        assert program.run("complete", copy).code == 0


def test_again_on_an_open_question_simply_asks(program: Program, note: Path) -> None:
    """Also where it is in doubt: the command is the person's word."""
    with ScriptedServer([status(500), reply("Yes.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 10
        assert program.run("again", note).code == 0
    assert note.read_text() == QUESTION + HEAD + "Yes." + TAIL


@pytest.mark.parametrize("box", ["- [x] again", "* [X] retry", "- [x] again ✅ 2026-11-25"])
def test_a_ticked_box_counts_once(program: Program, note: Path, box: str) -> None:
    """It stays where the person put it; the journal knows that it was answered to."""
    replies = [reply(text) for text in ("First.", "Second.", "Third.")]
    with ScriptedServer(replies) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        note.write_text(note.read_text() + f"{box}\n")
        assert program.run("complete", note).code == 0
        assert note.read_text().endswith(f"Second.{TAIL}{box}\n")
        run = program.run("complete", note)
        assert (run.code, len(server.requests)) == (0, 2)
        assert "untick it" in run.err
        note.write_text(note.read_text().replace(box, "- [ ] again"))
        program.run("complete", note)
        note.write_text(note.read_text().replace("- [ ] again", box))
        assert program.run("complete", note).code == 0
        assert len(server.requests) == 3
    assert note.read_text().endswith(f"Third.{TAIL}{box}\n")


def test_a_ticked_box_is_no_word_for_a_later_question(program: Program, note: Path) -> None:
    """A question typed above an old tick that comes into doubt is not asked twice for it."""
    with ScriptedServer([reply("First."), reply("Second."), status(500)]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        note.write_text(note.read_text() + "- [x] again\n")
        program.run("complete", note)
        note.write_text(note.read_text() + "\nAnd then?\n")
        assert program.run("complete", note).code == 10
        assert program.run("complete", note).code == 10
    assert len(server.requests) == 3


def test_a_box_waits_until_it_can_be_answered_to(program: Program, note: Path) -> None:
    """A server that refuses unbilled uses no tick up."""
    with ScriptedServer([reply("First."), status(400), reply("Second.")]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        note.write_text(note.read_text() + "- [x] again\n")
        assert program.run("complete", note).code == 5
        assert program.run("complete", note).code == 0
    assert "Second." in note.read_text()


def test_the_box_in_a_callout_goes_with_it(program: Program, note: Path) -> None:
    """A part of a reply leaves a box; ticked, the next complete asks anew, and so once more."""
    with ScriptedServer([cut("Half"), cut("Half again"), reply("Whole.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 7
        for _ in range(2):
            assert "> - [ ] again\n" in note.read_text()
            before = len(server.requests)
            program.run("complete", note)
            assert len(server.requests) == before
            note.write_text(note.read_text().replace("> - [ ] again", "> - [x] again"))
            program.run("complete", note)
    assert len(server.requests) == 3
    text = note.read_text()
    assert "[!notelog] " not in text
    assert text.count("incomplete)\n> Half") == 2
    assert text.endswith("\n\nWhole." + TAIL)


def test_a_reply_that_came_for_again_is_not_paid_twice(program: Program, note: Path) -> None:
    """The note changed while it came: it goes in, without a request, as soon as it can."""
    half, on = Event(), Event()
    late = response(event(chunk("Sec")), Signal(half), Wait(on), *reply_events("ond."))
    with ScriptedServer([reply("First."), late]) as server:
        program.serve(server.base_url)
        program.run("complete", note)
        first = note.read_text()
        with program.start("again", note) as running:
            assert half.wait(20)
            note.write_text(f"{first}And then?\n")
            on.set()
            running.communicate(timeout=30)
        assert running.returncode == 9
        assert note.read_text() == f"{first}And then?\n"
        note.write_text(first)
        assert program.run("complete", note).code == 0
        assert len(server.requests) == 2
    assert "> First.\n\nSecond." in note.read_text()


def test_a_kept_part_goes_on(program: Program, note: Path) -> None:
    """Asked in words: the model repeats its last words, and they stand in the note once."""
    begun = "One two three, and so on to the last of"
    with ScriptedServer(
        [cut(begun), cut(f"{begun} all, and"), reply("of all, and more.")]
    ) as server:
        program.serve(server.base_url)
        assert program.run("complete", note).code == 7
        assert program.run("complete", "--continue", note).code == 7
        assert f"{begun} all, and\n\n> [!notelog] " in note.read_text()
        assert program.run("complete", "--continue", note).code == 0
    assert note.read_text() == QUESTION + HEAD + f"{begun} all, and more." + TAIL
    first, second, _ = asked(server)
    assert second[:2] == [*first, begun]
    assert second[2].endswith(f"\n\n{begun}")


@pytest.mark.parametrize(
    ("how", "fields"),
    [
        ("prefill", {}),
        ("prefix", {"prefix": True}),
        ("final_message", {}),
    ],
)
def test_a_server_that_can_go_on_is_given_the_part(
    program: Program, note: Path, how: str, fields: dict[str, Any]
) -> None:
    """The part is the last message, and what comes is joined to it as it comes."""
    with ScriptedServer([cut("Hel"), reply("lo there.")]) as server:
        program.serve(server.base_url, profile=f'continuation = "{how}"\n')
        program.run("complete", note)
        assert program.run("complete", "--continue", note).code == 0
    assert note.read_text() == QUESTION + HEAD + "Hello there." + TAIL
    body: Any = server.requests[1].json()
    assert body["messages"][-1] == {"role": "assistant", "content": "Hel", **fields}
    assert body.get("continue_final_message", False) is (how == "final_message")


def test_nothing_was_missing(program: Program, note: Path) -> None:
    """A model that ends at once says that its reply was whole: the callout goes."""
    end = response(event(chunk(finish_reason="stop")), event(usage_chunk()), event("[DONE]"))
    with ScriptedServer([cut("All."), end]) as server:
        program.serve(server.base_url, profile='continuation = "prefill"\n')
        program.run("complete", note)
        assert program.run("complete", "--continue", note).code == 0
    assert note.read_text() == QUESTION + HEAD + "All." + TAIL


def test_there_is_nothing_to_go_on_from(program: Program, note: Path) -> None:
    """Neither a whole reply nor none at all goes on, and nothing is sent."""
    with ScriptedServer([reply("Whole.")]) as server:
        program.serve(server.base_url)
        assert program.run("complete", "--continue", note).code == 9
        program.run("complete", note)
        run = program.run("complete", "--continue", note)
        assert (run.code, len(server.requests)) == (9, 1)
        assert "ended by itself" in run.err
        assert program.run("complete", "--continue", "--again", note).code == 2


def test_a_part_may_stay_in_the_journal(program: Program, note: Path) -> None:
    """By setting the note holds whole replies alone; the part still goes on."""
    with ScriptedServer([cut("One"), reply("One two.")]) as server:
        program.serve(server.base_url)
        config = program.home / "config" / "config.toml"
        config.write_text('partial_replies = "journal"\n' + config.read_text())
        run = program.run("complete", note)
        assert run.code == 7
        assert "--continue" in run.err
        assert note.read_text() == QUESTION
        again = program.run("complete", note)
        assert (again.code, len(server.requests)) == (9, 1)
        assert program.run("complete", "--continue", note).code == 0
    assert note.read_text() == QUESTION + HEAD + "One two." + TAIL
