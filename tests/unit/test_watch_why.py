"""What ``notelog why`` says while a watcher runs: nothing that is not so."""

from dataclasses import replace

import pytest
from watch_world import World, chat, with_settings

from notelog.app.why import WhyNot, why_not
from notelog.core.watch_names import Scope
from notelog.ports.watch_place import MOST_TOLD, MOST_WAITING

DUE = chat("What is tea?")


def why(world: World, name: str) -> WhyNot:
    """What ``notelog why`` says."""
    world.watcher.advance()
    place, now = world.place, world.clock.now()
    return why_not(world.looking, world.path(name), scope=Scope(), place=place, now=now)


def test_a_twin_of_an_answered_note(world: World) -> None:
    """What looks like a conflict copy is not answered, and ``why`` says that, too."""
    world.save("a.md", DUE)
    world.let_pass(5)
    world.save("a 2.md", DUE)
    world.let_pass(60)
    found = why(world, "a 2.md")
    assert not found.answered
    assert found.sentence.startswith("it looks like a conflict copy of a.md")


def test_a_tick_is_seen_while_the_note_waits_for_other_machines(world: World) -> None:
    """What was said of the note before it was ticked is not said any more."""
    world.save("a.md", DUE)
    world.let_pass(60)
    before = world.text("a.md").replace("- [ ] send", "And coffee?\n\n- [ ] send")
    world.save("a.md", before.encode())
    world.let_pass(60)
    assert why(world, "a.md").because == "unticked"
    world.save("a.md", before.replace("- [ ] send", "- [x] send").encode(), by_sync=True)
    world.let_pass(10)
    assert why(world, "a.md").sentence.startswith("it will be answered")
    world.let_pass(60)
    assert len(world.server.asked) == 2


def test_globs_of_the_watchers_command_line_are_known() -> None:
    """``watch --auto GLOB`` holds for ``why`` as well, which has only the configuration."""
    world = World(with_settings(auto=("Chats/**",)))
    world.let_pass(5)
    world.save("Chats/a.md", chat("What is tea?", tail="", head="model: m"))
    world.looking = replace(world.looking, settings=replace(world.looking.settings, auto=()))
    assert why(world, "Chats/a.md").because == "auto"


def test_one_of_thousands_that_are_held(world: World) -> None:
    """The heartbeat names the first that wait; the others wait for the same."""
    for number in range(MOST_WAITING + 50):
        world.save(f"{number:03}.md", chat(f"question {number}"))
    world.let_pass(60, answering=False)
    found = why(world, f"{MOST_WAITING + 40:03}.md")
    assert (found.answered, found.because) == (False, "held")
    assert "notes want an answer at once: held" in found.sentence


def test_one_of_hundreds_that_were_left_alone(world: World) -> None:
    """The heartbeat tells of the newest; the others were marked before the start just as well."""
    for number in range(MOST_TOLD + 50):
        world.save(f"{number}.md", chat(f"question {number}"), event=False)
        world.modified[world.path(f"{number}.md")] -= 90_000
    world.start()
    world.let_pass(10)
    for number in (0, MOST_TOLD, MOST_TOLD + 49):
        found = why(world, f"{number}.md")
        assert not found.answered
        assert found.sentence.startswith("it was marked before the watcher started: left alone")
    world.save("0.md", chat("question 0"))
    assert why(world, "0.md").answered


def test_a_pause_that_has_run_out_is_not_told_any_more() -> None:
    """What holds a note then is, and not only half a minute later."""
    world = World(with_settings(asks_per_hour=1))
    world.let_pass(5)
    world.save("a.md", DUE)
    world.let_pass(5)
    world.place.until = world.clock.now() + 10
    world.save("b.md", chat("And coffee?"))
    world.let_pass(9)
    assert why(world, "b.md").sentence.startswith("it waits: paused by you")
    world.let_pass(3)
    assert why(world, "b.md").sentence.startswith("it waits: 1 request")


@pytest.mark.parametrize(
    ("tail", "age_s", "hint"),
    [
        ("\n- [x] send\n", 60, "start it: notelog watch VAULT"),
        ("\n- [x] send\n", 90_000, "start it: notelog watch VAULT --backlog"),
        ("", 60, "start it: notelog watch VAULT, and edit the note then"),
    ],
)
def test_what_a_start_leaves_alone_is_not_to_be_answered_by_a_start(
    world: World, monkeypatch: pytest.MonkeyPatch, tail: str, age_s: float, hint: str
) -> None:
    """Without a watcher the hint is what has the note answered: as it is, a start may not."""
    world.save("a.md", chat("What is tea?", tail=tail, head="notelog: auto"), event=False)
    world.modified[world.path("a.md")] -= age_s
    monkeypatch.setattr(world.place, "is_watched", lambda: False)
    found = why(world, "a.md")
    assert (found.because, found.hint) == ("not-watched", hint)
    world.start()
    world.let_pass(100)
    assert len(world.server.asked) == (hint == "start it: notelog watch VAULT")
