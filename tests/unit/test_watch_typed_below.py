"""A question below whose send mark somebody typed on, after a crash or a stale save."""

from typing import NoReturn

import pytest
from watch_world import World, chat

from notelog.core.records import TurnState

DUE = chat("What is tea?")
BOX = "- [x] send"
TYPED = f"{DUE.decode()}\nAnd coffee?\n"


def crash(world: World, when: str) -> None:
    """The watcher dies after its request has left: before, or after, the whole reply came."""
    world.let_pass(2, answering=False)
    with pytest.MonkeyPatch.context() as patch:
        if when == "sent":
            world.server.faults.append(KeyboardInterrupt())  # type: ignore[arg-type]  # not caught
        else:
            patch.setattr(world.store, "write", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.run_jobs()
    assert [item.state for item in world.disk.records.values()] == [TurnState(when)]
    world.let_pass(60, answering=False)


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize("crashes", [1, 3])
def test_what_is_in_doubt_is_not_asked_with_what_was_typed(world: World, crashes: int) -> None:
    """The mark is that of the question above: the note says so, and a tick asks all of it."""
    world.save("a.md", DUE)
    crash(world, "sent")
    text = TYPED
    for _ in range(crashes):
        world.save("a.md", text.encode(), event=False)
        world.start()
        world.let_pass(100)
        text = f"{world.text('a.md')}\nAnd mate?\n"
    assert world.server.asked == ["What is tea?"]
    assert world.text("a.md").count("> [!notelog]") == 1
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(100)
    assert len(world.server.asked) == 2
    assert "And coffee?" in world.server.asked[1]


def test_typing_below_a_doubt_asks_nothing_and_a_new_mark_does(world: World) -> None:
    """While the watcher runs on, too."""
    world.save("a.md", DUE)
    crash(world, "sent")
    world.start()
    world.let_pass(100)
    told = f"{world.text('a.md')}\nAnd coffee?\n"
    world.save("a.md", told.encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    world.save("a.md", f"{told}\n{BOX}\n".encode())
    world.let_pass(100)
    assert len(world.server.asked) == 2
    assert "And coffee?" in world.server.asked[1]


@pytest.mark.parametrize("mark", [f"\n{BOX}\n", "\n;;\n"])
def test_a_reply_that_was_received_lands_above_what_was_typed(world: World, mark: str) -> None:
    """It costs nothing, and what was typed is the next message, which waits for a mark."""
    world.save("a.md", chat("What is tea?", tail=mark))
    crash(world, "received")
    world.save("a.md", chat("What is tea?", tail=f"{mark}\nAnd coffee?\n"), event=False)
    world.start()
    world.let_pass(100)
    assert len(world.server.asked) == 1
    text = world.text("a.md")
    assert text.index("What is tea?") < text.index("reply 1") < text.index("And coffee?")
    assert "> [!notelog]" not in text
    world.save("a.md", text.replace("And coffee?", "And coffee?\n\n;;").encode())
    world.let_pass(100)
    assert world.server.asked[1:] in (["And coffee?"], [])


@pytest.mark.parametrize("when", ["sent", "received"])
def test_what_was_typed_below_the_mark_before_it_was_asked_belongs_to_it(
    world: World, when: str
) -> None:
    """Only what came after that is the next message."""
    world.save("a.md", TYPED.encode())
    crash(world, when)
    world.save("a.md", f"{TYPED}\nAnd mate?\n".encode(), event=False)
    world.start()
    world.let_pass(100)
    assert world.server.asked == ["What is tea?\n\nAnd coffee?"]
    text = world.text("a.md")
    if when == "received":
        assert text.index("And coffee?") < text.index("reply 1") < text.index("And mate?")
    else:
        assert "> - [ ] retry" in text


def test_who_types_on_below_the_mark_gets_the_reply_above(world: World) -> None:
    """The box was ticked, a line typed below it, and the next one while the reply came."""
    world.server.meanwhile = lambda: world.save("a.md", f"{TYPED}\nAnd mate?\n".encode())
    world.save("a.md", TYPED.encode())
    world.let_pass(100)
    assert world.server.asked == ["What is tea?\n\nAnd coffee?"]
    text = world.text("a.md")
    assert text.index("And coffee?") < text.index("reply 1") < text.index("And mate?")


def test_a_stale_save_with_more_below_loses_no_reply(world: World) -> None:
    """An editor that did not see the reply saves its buffer, typed on: it is put back, free."""
    world.save("a.md", DUE)
    world.let_pass(10)
    assert "reply 1" in world.text("a.md")
    world.save("a.md", TYPED.encode())
    world.let_pass(100)
    text = world.text("a.md")
    assert text.index("What is tea?") < text.index("reply 1") < text.index("And coffee?")
    assert len(world.server.asked) == 1


@pytest.mark.parametrize("restarts", [False, True])
def test_an_editor_that_saves_a_stale_text_ever_again_pays_nothing(
    world: World, *, restarts: bool
) -> None:
    """The reply is put back twice; then the note is left alone, also by the next watcher."""
    world.save("a.md", DUE)
    world.let_pass(10)
    for number in range(6):
        if restarts:
            world.start()
            world.let_pass(2)
        world.save("a.md", f"{TYPED}{'And mate? ' * number}\n".encode())
        world.let_pass(20)
    assert world.server.asked == ["What is tea?"]
    assert "its reply is gone" in world.sentences()[-1]
    assert "notelog log --full NOTE shows it" in world.told[-1].hint
    world.save("a.md", f"{TYPED}\n{BOX}\n".encode())
    world.let_pass(20)
    assert len(world.server.asked) == 2


def test_long_after_its_reply_a_message_that_grew_is_a_new_one(world: World) -> None:
    """Then a reply that is gone was taken out by the person, and the mark is theirs."""
    world.save("a.md", DUE)
    world.let_pass(1000)
    world.save("a.md", TYPED.encode())
    world.let_pass(100)
    assert len(world.server.asked) == 2


def test_a_free_server_is_asked_again_for_what_was_asked(world: World) -> None:
    """Where nothing is billed there is no doubt: the reply comes above what was typed."""
    world = World(billed=False)
    world.let_pass(5)
    world.save("a.md", DUE)
    crash(world, "sent")
    world.save("a.md", TYPED.encode(), event=False)
    world.start()
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"] * 2
    text = world.text("a.md")
    assert text.index("What is tea?") < text.index("reply 2") < text.index("And coffee?")
