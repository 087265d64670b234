"""What a note says itself while the hour, or a pause of its own, holds it back."""

from dataclasses import replace

import pytest
from watch_world import World, chat, with_settings

from notelog.app.watch_tools import WatchOptions
from notelog.core.pacing import Limits, Pace, may_ask
from notelog.core.parse import parse_note
from notelog.core.records import TurnState, turn_key
from notelog.core.source import SourceText
from notelog.core.turn import ReplyDue, next_turn
from notelog.errors import InDoubtError
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Hint

HELD = " in an hour are the most (watch.asks_per_hour): waiting. "
PAUSED = "> [!notelog] Answered 5 times in 2 minutes: this note is paused. "


def full_hour(asks_per_hour: int = 1) -> World:
    """A watcher whose hour is used up."""
    world = World(with_settings(asks_per_hour=asks_per_hour))
    for number in range(asks_per_hour):
        world.save(f"first {number}.md", chat(f"first question {number}"))
        world.let_pass(60)
    assert len(world.server.asked) == asks_per_hour
    return world


def asked_key(text: str) -> str:
    """The key of the question that waits in a note."""
    due = next_turn(parse_note(SourceText(text.encode()), lambda _: None))
    assert isinstance(due, ReplyDue)
    return turn_key(due.conversation)


def test_a_note_that_waits_for_the_hour_says_so_and_is_answered_by_itself() -> None:
    """Once, with the time, and without changing what is asked; the reply takes it out."""
    world = full_hour()
    note = chat("What is tea?")
    world.save("a.md", note)
    world.let_pass(8)
    assert world.store.notes[world.path("a.md")] == note
    world.let_pass(60)
    said = world.text("a.md")
    assert said.startswith(note.decode())
    assert said.count(HELD) == 1
    assert "asked by itself, not before 1970-01-01 01:17 UTC" in said
    assert asked_key(said) == asked_key(note.decode())
    assert "a callout in the note says so" in world.sentences(Kind.NOTICE)[-1]
    world.let_pass(3000)
    assert world.text("a.md") == said
    assert len(world.server.asked) == 1
    world.let_pass(900)
    assert world.server.asked[1:] == ["What is tea?"]
    assert "[!notelog]" not in world.text("a.md")
    assert "reply 2" in world.text("a.md")


def test_what_the_person_takes_out_is_not_said_again() -> None:
    """Nor where they go on with their message; a mark on another day is told of anew."""
    world = full_hour()
    world.save("a.md", chat("What is tea?"))
    world.let_pass(60)
    assert HELD in world.text("a.md")
    world.save("a.md", chat("What is tea, and what is coffee?"))
    world.let_pass(600)
    assert HELD not in world.text("a.md")
    world.save("a.md", chat("What is tea?", tail="\n- [ ] send\n"))
    world.let_pass(3600)
    world.save("b.md", chat("b"))
    world.let_pass(60)
    world.save("a.md", chat("What is tea?"))
    world.let_pass(60)
    assert HELD in world.text("a.md")


def test_a_paused_note_says_how_it_goes_on() -> None:
    """It is said once; the person's word lets it be answered."""
    world = World()
    talk = ["question 0"]
    for _ in range(5):
        world.save("a.md", chat(*talk))
        world.let_pass(5)
        talk += ["reply", f"question {len(talk)}"]
    world.save("a.md", chat(*talk))
    world.let_pass(7200)
    assert len(world.server.asked) == 5
    assert world.text("a.md").count(PAUSED) == 1
    assert "On the computer, notelog resume goes on." in world.text("a.md")
    world.place.resumed += 1
    world.hint(Hint(wish=True))
    world.let_pass(60)
    assert len(world.server.asked) == 6
    assert "[!notelog]" not in world.text("a.md")


def test_a_program_that_answers_each_callout_gets_one() -> None:
    """What changes a paused note whenever it is written to is not written to again."""
    world = World()
    talk = ["question 0"]
    for _ in range(40):
        world.save("a.md", chat(*talk))
        world.let_pass(15)
        talk += ["reply", f"question {len(talk)}"]
    written = [job for job in world.sentences() if "callout in the note says so" in job]
    assert len(written) == 1


def test_a_burst_is_not_written_to() -> None:
    """Neither while it is held, nor when the person's word meets the end of the hour."""
    world = full_hour()
    notes = {f"{number}.md": chat(f"question {number}") for number in range(200)}
    for name, note in notes.items():
        world.save(name, note)
    world.let_pass(600)
    world.place.resumed += 1
    world.hint(Hint(wish=True))
    world.let_pass(600)
    assert all(world.text(name) == note.decode() for name, note in notes.items())


def test_what_is_left_of_a_burst_that_goes_on_is_not_written_to() -> None:
    """The person knows of it, however few wait in the end."""
    world = full_hour(30)
    for number in range(25):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(60)
    world.place.resumed += 1
    world.hint(Hint(wish=True))
    world.let_pass(2400)
    assert "[!notelog]" not in "".join(world.text(f"{number}.md") for number in range(25))
    world.let_pass(7200)
    assert len(world.server.asked) == 55


def test_a_pause_says_nothing_in_notes() -> None:
    """The person knows; also where the hour is used up besides."""
    world = full_hour()
    world.place.until = world.clock.now() + 1800
    world.save("a.md", chat("What is tea?"))
    world.let_pass(1700)
    assert "[!notelog]" not in world.text("a.md")
    world.let_pass(200)
    assert HELD in world.text("a.md")


@pytest.mark.parametrize("ends", [False, True])
def test_a_watcher_that_asks_nothing_does_not_wake_for_it(*, ends: bool) -> None:
    """While the vault is away, or what runs has its time to end, nothing of that is due."""
    world = full_hour()
    world.save("a.md", chat("What is tea?"))
    world.let_pass(3)
    world.absent = True
    if ends:
        world.watcher.stop()
    else:
        world.hint(Hint(reason="a folder was deleted"))
    world.let_pass(15)
    assert world.watcher.advance() > world.clock.monotonic()


def test_who_types_is_not_disturbed() -> None:
    """Nothing is written before nobody has touched the note for a while."""
    world = full_hour()
    for number in range(20):
        world.save("a.md", chat(f"What is tea? {'!' * number}"))
        world.let_pass(5)
        assert "[!notelog]" not in world.text("a.md")
    world.let_pass(20)
    assert HELD in world.text("a.md")


def test_who_types_without_events_is_not_written_over() -> None:
    """A last look shows that the question is another by now."""
    world = full_hour()
    world.save("a.md", chat("What is tea?"))
    world.let_pass(9)
    world.save("a.md", chat("What is te"), event=False)
    world.let_pass(5)
    assert "[!notelog]" not in world.text("a.md")


def test_the_hour_is_over_when_it_was_said_to_be() -> None:
    """However the sum is rounded: the watcher that wakes then finds that it may ask."""
    pace, limits = Pace(asked=((1032.15, "b.md"),)), Limits(asks_per_hour=1)
    hold = may_ask(pace, "a.md", 1100.0, limits)
    assert hold is not None
    assert hold.until_s is not None
    assert may_ask(pace, "a.md", hold.until_s, limits) is None


def test_a_wait_of_a_moment_is_not_worth_a_word() -> None:
    """What is asked within a minute goes unsaid."""
    world = full_hour()
    world.let_pass(3600 - 60 - 45)
    world.save("a.md", chat("What is tea?"))
    world.let_pass(40)
    assert "[!notelog]" not in world.text("a.md")
    world.let_pass(60)
    assert len(world.server.asked) == 2


def test_a_tick_that_waits_stays_ticked() -> None:
    """A box in a callout is a wish that goes with the callout: nothing takes its place."""
    world = full_hour()
    world.server.asked.clear()
    text = world.text("first 0.md").rstrip("\n")
    world.save("first 0.md", f"{text}\n\n- [x] again\n".encode())
    world.let_pass(60)
    assert "- [x] again" in world.text("first 0.md")
    assert HELD in world.text("first 0.md")
    world.let_pass(3600)
    assert world.server.asked == ["first question 0"]
    assert HELD not in world.text("first 0.md")


def test_a_ticked_box_of_a_callout_stays_where_it_waits() -> None:
    """To put another callout in its place would take the person's wish out of the note."""
    world = World(with_settings(asks_per_hour=1))
    world.server.faults.append(InDoubtError("cut off"))
    world.save("a.md", chat("What is tea?"))
    world.let_pass(60)
    ticked = world.text("a.md").replace("- [ ] retry", "- [x] retry")
    world.save("a.md", ticked.encode())
    world.let_pass(600)
    assert world.text("a.md") == ticked
    world.let_pass(3600)
    assert world.server.asked == ["What is tea?"] * 2
    assert "[!notelog]" not in world.text("a.md")


def test_a_question_in_doubt_is_not_said_to_be_asked() -> None:
    """Nobody asks it by itself when the hour is over."""
    world = full_hour()
    record = next(iter(world.disk.records.values()))
    key = asked_key(chat("What is tea?").decode())
    intent = replace(record.intent, turn_key=key, note=world.path("a.md"))
    world.disk.records[2] = replace(
        record, record_id=2, intent=intent, state=TurnState.IN_DOUBT, reply=None, landings=()
    )
    world.save("a.md", chat("What is tea?"))
    world.let_pass(600)
    assert HELD not in world.text("a.md")


def test_a_pass_says_it_too() -> None:
    """At once, since what is found is all there is; the next one answers the note."""
    world = full_hour()
    world.save("a.md", chat("What is tea?"))
    world.start(WatchOptions(once=True))
    world.let_pass(5)
    assert world.watcher.is_over
    assert "by the next `notelog watch`, not before" in world.text("a.md")
    world.clock.at += 3600
    world.start()
    world.let_pass(5)
    assert "[!notelog]" not in world.text("a.md")
    assert len(world.server.asked) == 2


def test_no_word_is_put_in_the_place_of_another() -> None:
    """Where a callout stands at the question, it says enough."""
    world = full_hour()
    world.save("a.md", chat("What is tea?"))
    world.let_pass(60)
    said = world.text("a.md")
    world.start()
    world.let_pass(300)
    assert world.text("a.md") == said


@pytest.mark.parametrize("count", [3, Limits().burst_notes])
def test_several_notes_that_are_told_are_no_burst(count: int) -> None:
    """What notelog itself writes is no change that anybody made."""
    world = full_hour()
    for number in range(count):
        world.save(f"{number}.md", chat(f"question {number}"))
        world.let_pass(0.4)
    world.let_pass(300)
    assert all(HELD in world.text(f"{number}.md") for number in range(count))
    world.save("new.md", chat("a new one"))
    world.let_pass(60)
    assert not any("at once: held" in item for item in world.sentences(Kind.HELD))
