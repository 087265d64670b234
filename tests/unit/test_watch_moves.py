"""A note that is renamed or deleted, whatever the watcher is doing with it at that time."""

from collections.abc import Callable

import pytest
from watch_world import World, chat

from notelog.errors import ProviderUnavailableError
from notelog.ports.watching import Hint

DUE = chat("What is tea?")


def settling(world: World) -> None:
    """It was saved half a second ago."""
    world.let_pass(0.5)


def held(world: World) -> None:
    """It waits for the end of a pause."""
    world.place.until = world.clock.now() + 100
    world.let_pass(20)
    assert world.watcher.asks.waiting == ("a.md",)


def failed(world: World) -> None:
    """The server was away, and it is tried again by itself."""
    world.server.faults += [ProviderUnavailableError("away")] * 3
    world.let_pass(5)
    world.server.asked.clear()


def open_elsewhere(world: World) -> None:
    """Some program keeps it open for writing."""
    world.open.add(world.path("a.md"))
    world.let_pass(30)
    world.open.clear()


BEFORE = [settling, held, failed, open_elsewhere]


@pytest.mark.parametrize("event", [True, False])
@pytest.mark.parametrize("doing", BEFORE)
def test_a_note_that_is_renamed_before_it_is_asked(
    world: World, doing: Callable[[World], None], *, event: bool
) -> None:
    """It is asked once, under its new name, also where only a scan finds that."""
    world.save("a.md", DUE)
    doing(world)
    world.rename("a.md", "Old/b.md", event=event)
    world.let_pass(1000)
    assert world.server.asked == ["What is tea?"]
    assert "reply" in world.text("Old/b.md")
    assert "a.md" not in str(world.watcher.notes._states)
    assert world.path("a.md") not in world.store.notes


@pytest.mark.parametrize("event", [True, False])
@pytest.mark.parametrize("doing", BEFORE)
def test_a_note_that_is_deleted_before_it_is_asked(
    world: World, doing: Callable[[World], None], *, event: bool
) -> None:
    """Nothing is asked, nothing is left of it; brought back from the trash it is asked once."""
    world.save("a.md", DUE)
    doing(world)
    note = world.store.notes.pop(world.path("a.md"))
    if event:
        world.hint(Hint(path=world.path("a.md")))
    world.let_pass(1300)
    assert world.server.asked == []
    assert world.watcher.notes._states == {}
    assert world.watcher.asks.waiting == ()
    world.save("a.md", note, event=event)
    world.let_pass(1000)
    assert world.server.asked == ["What is tea?"]
    assert "reply" in world.text("a.md")


@pytest.mark.parametrize("event", [True, False])
def test_a_note_that_is_deleted_while_it_is_asked(world: World, *, event: bool) -> None:
    """Its reply is kept, and goes into it when it is there again: nothing is paid twice."""

    def delete() -> None:
        world.store.notes.pop(world.path("a.md"))
        if event:
            world.hint(Hint(path=world.path("a.md")))
        world.clock.at += 5
        world.watcher.advance()

    world.server.meanwhile = delete
    world.save("a.md", DUE)
    world.let_pass(1300)
    world.server.meanwhile = lambda: None
    assert world.server.asked == ["What is tea?"]
    world.save("a.md", DUE, event=event)
    world.let_pass(1000)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("a.md")


@pytest.mark.parametrize("event", [True, False])
def test_a_note_that_is_renamed_after_its_reply(world: World, *, event: bool) -> None:
    """Nothing more is asked, and nothing is put anywhere."""
    world.save("a.md", DUE)
    world.let_pass(10)
    answered = world.text("a.md")
    world.rename("a.md", "b.md", event=event)
    world.let_pass(1300)
    assert world.server.asked == ["What is tea?"]
    assert dict(world.store.notes) == {world.path("b.md"): answered.encode()}
    assert world.watcher.notes._states == {}


@pytest.mark.parametrize("now", [chat("What is tea?", tail="\n- [ ] send\n"), chat("[stop]")])
def test_a_note_that_was_renamed_while_it_is_asked_can_be_taken_back(
    world: World, now: bytes
) -> None:
    """Unticking its box stops the request as it does under the old name, and says where it is."""
    steps: list[Callable[[], object]] = [
        lambda: world.rename("a.md", "b.md"),
        *[lambda: None] * 5,
        lambda: world.save("b.md", now),
        *[lambda: None] * 20,
    ]

    def meanwhile() -> None:
        steps.pop(0)()
        world.watcher.advance()

    world.server.parts, world.server.meanwhile = ["leaf "] * len(steps), meanwhile
    world.save("a.md", DUE)
    world.let_pass(100)
    assert len(steps) > 15
    told = [item for item in world.told if item.sentence.startswith("stopped by you")]
    assert [(item.note, "notelog deliver NOTE" in item.hint) for item in told] == [("b.md", True)]
    assert world.server.asked == ["What is tea?"]
