"""What counts as a request, and what holds notes back: said once, and of the right note."""

import pytest
from watch_world import World, chat

from notelog.core.pacing import Limits
from notelog.errors import ProviderRefusedError, ProviderUnavailableError
from notelog.ports.watch_view import Kind

DUE = chat("What is tea?")
AWAY = ProviderUnavailableError("away")


def test_attempts_at_a_server_that_is_away_do_not_use_up_the_hour(world: World) -> None:
    """A day without a network: all is asked once its profile, stopped for an hour at most, is."""
    world.server.faults += [AWAY] * 10_000
    for number in range(8):
        world.save(f"{number}.md", chat(f"question {number}"))
        world.let_pass(60)
    world.let_pass(6 * 3600)
    world.server.faults.clear()
    world.server.asked.clear()
    world.let_pass(3600 + 660)
    assert len(world.server.asked) == 8
    world.save("new.md", DUE)
    world.let_pass(10)
    assert world.server.asked[8:] == ["What is tea?"]
    assert world.sentences(Kind.HELD) == []


def test_a_note_is_not_paused_for_attempts_that_failed(world: World) -> None:
    """Who rewrites a question while the server is away was not answered five times."""
    world.server.faults += [AWAY] * 10_000
    for number in range(8):
        world.save("a.md", chat(f"What is tea, or {number}?"))
        world.let_pass(12)
    assert world.sentences(Kind.HELD) == []
    world.server.faults.clear()
    world.let_pass(700)
    assert "reply" in world.text("a.md")


def test_what_is_only_said_in_a_note_is_no_request(world: World) -> None:
    """A callout of a tick that cannot be answered does not use up the hour."""
    world.save("a.md", DUE)
    world.let_pass(10)
    ticked = world.text("a.md").replace("- [ ] send", "And coffee?\n\n- [x] send")
    world.save("a.md", ticked.replace("- [x] send", "- [x] again", 1).encode())
    world.let_pass(3600)
    asked = len(world.server.asked)
    for number in range(Limits().asks_per_hour + 5):
        text = world.text("a.md")
        old, new = ("[x] again", "[ ] again") if number % 2 == 0 else ("[ ] again", "[x] again")
        world.save("a.md", text.replace(old, new).encode())
        world.let_pass(30)
    assert len(world.server.asked) == asked
    world.save("b.md", chat("And mate?"))
    world.let_pass(10)
    assert world.server.asked[asked:] == ["And mate?"]


def test_refused_requests_count(world: World) -> None:
    """They reached the server: a note that is rewritten and refused again and again is paused."""
    world.server.faults += [ProviderRefusedError("no", status=400)] * 10
    for number in range(8):
        world.save("a.md", chat(f"What is tea, or {number}?"))
        world.let_pass(10)
    assert len(world.server.asked) == Limits().runaway_asks


def test_a_note_that_is_paused_is_named(world: World) -> None:
    """The line that tells of it says which one, and so does the heartbeat."""
    talk = ["question 0"]
    for _ in range(9):
        world.save("a.md", chat(*talk))
        world.let_pass(5)
        talk += ["reply", f"question {len(talk)}"]
    told = [item for item in world.told if item.kind is Kind.HELD]
    assert [item.note for item in told] == ["a.md"]
    assert "this note is paused" in told[0].sentence
    held = world.place.beats[-1].held
    assert held.startswith("a.md: answered 5 times")
    assert held.endswith("notelog resume goes on")


def test_a_burst_is_told_once_however_it_grows(world: World) -> None:
    """Files that come one after the other are one burst: one line, and the figure where it stands.

    A later one is told again.
    """
    for number in range(100):
        world.save(f"{number}.md", chat(f"question {number}"))
        world.let_pass(0.3, answering=False)
    world.let_pass(10, answering=False)
    assert len(world.sentences(Kind.HELD)) == 1
    held = world.place.beats[-1].held
    assert held.startswith(f"{len(world.watcher.asks.waiting)} notes want")
    assert held.endswith("notelog resume answers them")


def test_a_note_that_alternates_between_two_contents(world: World) -> None:
    """Two machines that overwrite each other: each question is asked once, whatever comes of it."""
    one, other = chat("What is tea?"), chat("What is coffee?")
    for number in range(40):
        world.save("a.md", (one, other)[number % 2], by_sync=number % 3 == 0)
        world.let_pass(70)
    assert sorted(world.server.asked) == ["What is coffee?", "What is tea?"]


@pytest.mark.parametrize("pause_s", [0.4, 1.1, 5.0])
def test_a_note_that_alternates_while_its_reply_comes(world: World, pause_s: float) -> None:
    """Also where it changes under a request that runs."""
    one, other = chat("What is tea?"), chat("What is coffee?")
    world.server.parts = ["A ", "leaf, ", "or ", "a ", "bean."]
    contents = [other, one, other, one, other]

    def change() -> None:
        if contents:
            world.save("a.md", contents.pop())
            world.clock.at += pause_s
            world.watcher.advance()

    world.server.meanwhile = change
    world.save("a.md", one)
    world.let_pass(1000)
    for number in range(10):
        world.save("a.md", (one, other)[number % 2])
        world.let_pass(70)
    assert len(world.server.asked) == len(set(world.server.asked)) <= 2


def test_each_reply_of_a_talk_is_put_back_twice(world: World) -> None:
    """What was put back for an earlier answer does not count against the next one."""
    talk = [f"question {number}" for number in range(3)]
    note = chat(talk[0])
    for number, question in enumerate(talk):
        world.save("a.md", note)
        world.let_pass(10)
        for _ in range(2):
            assert f"reply {number + 1}" in world.text("a.md")
            world.save("a.md", note)
            world.let_pass(20)
        text = world.text("a.md")
        assert f"reply {number + 1}" in text, question
        more = talk[number + 1] if number < 2 else "the end"
        note = text.replace("- [ ] send", f"{more}\n\n- [x] send").encode()
    assert world.server.asked == talk


def test_a_mark_sends_what_was_typed_on_in_a_note_that_needs_none(world: World) -> None:
    """A pause in typing sent half of it: the whole is not sent by itself, and a mark sends it."""
    whole = chat("What is tea, and why?", tail="", head="notelog: auto")
    world.server.meanwhile = lambda: world.save("a.md", whole)
    world.save("a.md", chat("What is tea", tail="", head="notelog: auto"))
    world.let_pass(100)
    world.server.meanwhile = lambda: None
    assert len(world.server.asked) == 1
    text = world.text("a.md")
    assert "> [!notelog] The note was changed" in text
    world.save("a.md", text.replace("why?\n", "why?\n\n- [x] send\n").encode())
    world.let_pass(100)
    assert world.server.asked == ["What is tea", "What is tea, and why?"]
