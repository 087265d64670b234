"""What was there before the watcher started is left alone until a person edits it."""

import pytest
from watch_world import World, chat

from notelog.app.why import why_not
from notelog.core.watch_names import Scope
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Hint

OLD_S = 90_000.0
MARKED = chat("What is tea?")
AUTO = chat("And coffee?", tail="", head="notelog: auto")


@pytest.fixture
def world() -> World:
    """A vault with an old marked note and an old question in a note that needs no mark."""
    world = World()
    for name, note in (("old.md", MARKED), ("auto.md", AUTO)):
        world.save(name, note, event=False)
        world.modified[world.path(name)] -= OLD_S
    world.start()
    world.let_pass(10)
    return world


def test_a_note_that_is_renamed_was_not_edited(world: World) -> None:
    """To put an old note elsewhere asks nothing, and ``why`` says of it what it said before."""
    world.rename("old.md", "2025/old.md")
    world.rename("auto.md", "2025/auto.md")
    world.let_pass(100)
    assert world.server.asked == []
    told = [
        why_not(
            world.looking,
            world.path(name),
            scope=Scope(),
            place=world.place,
            now=world.clock.now(),
        ).sentence
        for name in ("2025/old.md", "2025/auto.md")
    ]
    assert told[0].startswith("it was marked before the watcher started: left alone")
    assert told[1].startswith("it was not edited since the watcher started")


def test_a_folder_that_is_renamed_asks_nothing(world: World) -> None:
    """Of a folder that is moved a scan finds all notes anew."""
    world.rename("old.md", "2025/old.md", event=False)
    world.rename("auto.md", "2025/auto.md", event=False)
    world.hint(Hint(reason="a folder was moved"))
    world.let_pass(100)
    assert world.server.asked == []
    assert len(world.sentences(Kind.WAITING)) == 2  # at the start


def test_a_backup_that_links_all_notes_asks_nothing(world: World) -> None:
    """A hard link, a mode, an owner: the system stamps the file, and nobody edited it."""
    for _ in range(3):
        world.link("old.md")
        world.link("auto.md")
        world.let_pass(310)
    assert world.server.asked == []
    assert len(world.sentences(Kind.WAITING)) == 2


def test_what_is_edited_or_saved_is_asked(world: World) -> None:
    """Also after it was renamed, also where the save left its words as they were."""
    world.rename("old.md", "a.md")
    world.rename("auto.md", "b.md")
    world.let_pass(100)
    world.save("a.md", MARKED)
    world.save("b.md", chat("And cocoa?", tail="", head="notelog: auto"))
    world.let_pass(100)
    assert world.server.asked == ["What is tea?", "And cocoa?"]


def test_a_sync_tool_edits_with_an_old_time_stamp(world: World) -> None:
    """What a phone wrote before the watcher started and sent later is no history."""
    world.save("auto.md", chat("And mate?", tail="", head="notelog: auto"), by_sync=True)
    world.modified[world.path("auto.md")] -= OLD_S
    world.let_pass(100)
    assert world.server.asked == ["And mate?"]


def test_a_note_whose_reply_is_kept_is_not_said_to_be_sent_when_it_is_saved() -> None:
    """Only a new mark sends it: so it is none of those that are marked to be sent."""
    world = World()
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?"))
    world.save("a.md", MARKED)
    world.let_pass(60)
    world.server.meanwhile = lambda: None
    world.save("old.md", chat("And cocoa?"), event=False)
    for name in ("a.md", "old.md"):
        world.modified[world.path(name)] -= OLD_S
    world.told.clear()
    world.start()
    world.let_pass(100)
    assert "1 marked to be sent" in world.sentences(Kind.START)[0]
    left = [item.note for item in world.told if "save it again" in item.hint]
    assert left == ["old.md"]
    assert "the mark anew" in world.place.beats[-1].told["a.md"]
    world.save("a.md", world.store.notes[world.path("a.md")])
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"]
