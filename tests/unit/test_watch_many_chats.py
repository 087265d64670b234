"""In a vault of many chats the start looks at those that may ask, and at the newest others."""

import pytest
from watch_world import World, chat, with_settings

from notelog.ports.watch_view import Kind

DAY_S = 86_400.0


def world_of(chats: int, **settings: object) -> World:
    """Chats without a mark, each older than the one before."""
    world = World(with_settings(**settings))
    for number in range(chats):
        name = f"{number}.md"
        world.save(name, chat(f"question {number}", tail="", head="tags: tea"), event=False)
        world.modified[world.path(name)] -= 10 * number
    return world


def looked_at(world: World) -> list[str]:
    """The notes that are looked at from now on, each time they are."""
    looked: list[str] = []
    glance = world.files.glance

    def counted(path: str) -> object:
        looked.append(world.files.relative(path))
        return glance(path)

    world.files.glance = counted  # type: ignore[method-assign, assignment]
    return looked


def test_the_newest_that_wait_are_shown() -> None:
    """Of 300 the newest 200 are looked at, and the newest ten of these are named."""
    world = world_of(300)
    looked = looked_at(world)
    world.let_pass(10)
    assert looked == [f"{number}.md" for number in range(200)]
    (told,) = world.sentences(Kind.START)
    assert told.endswith("0 marked to be sent, 200 of the newest 200 unanswered and not marked")
    named = [told.note for told in world.told if told.kind is Kind.WAITING]
    assert named == [*(f"{number}.md" for number in range(10)), ""]


def test_of_200_all_are_looked_at() -> None:
    """The figures are whole then."""
    world = world_of(200)
    world.let_pass(10)
    (told,) = world.sentences(Kind.START)
    assert told.endswith("200 chats, 0 marked to be sent, 200 unanswered and not marked")


@pytest.mark.parametrize("tail", ["\n- [x] send\n", "\n- [X] 发送\n", "\n;;\n", "\n；；\n"])
def test_an_old_mark_among_many_is_found(tail: str) -> None:
    """The oldest note of all is marked: it is listed; a fresh one is answered."""
    world = world_of(300)
    for name, age_s in (("old.md", 9 * DAY_S), ("fresh.md", 3600.0)):
        world.save(name, chat(f"Who is {name}?", tail=tail, head="tags: tea"), event=False)
        world.modified[world.path(name)] -= age_s
    world.let_pass(60)
    assert world.server.asked == ["Who is fresh.md?"]
    left = [told.note for told in world.told if "left alone" in told.sentence]
    assert left == ["old.md"]


def test_old_notes_of_an_auto_folder_stay_history() -> None:
    """They are looked at, however many there are: what is touched later was not edited."""
    world = world_of(300, auto=("*.md",))
    world.let_pass(10)
    world.link("299.md")
    world.let_pass(1000)
    assert world.server.asked == []


def test_an_empty_marker_that_asks_is_found() -> None:
    """Where it counts as a mark, every chat is looked at."""
    world = world_of(300, marker=True)
    looked = looked_at(world)
    world.let_pass(10)
    assert len(looked) == 300


@pytest.mark.parametrize("settings", [{"mode": "auto"}, {"auto": ("*.md",)}, {"marker": True}])
def test_what_is_answered_is_history_where_no_mark_is_needed(settings: dict[str, object]) -> None:
    """Only the newest of it is looked at, and all that waits."""
    world = world_of(100, **settings)
    for number in range(300):
        answered = chat(f"And {number}?", "A leaf.", tail="", head="tags: tea")
        world.save(f"answered {number}.md", answered, event=False)
    looked = looked_at(world)
    world.let_pass(10)
    assert sum(name.startswith("answered") for name in looked) == 200
    assert sum(not name.startswith("answered") for name in looked) == 100


def test_answered_chats_are_not_looked_at() -> None:
    """Their boxes stay ticked for good; one whose reply has a box `again` that is ticked is."""
    world = world_of(250)
    answered = chat("What is tea?", "A leaf.\n\n- [x] done").replace(b"tea?", b"tea?\n\n- [x] send")
    again = answered.replace(b"- [x] send", b"- [x] send\n\n- [x] again")
    for name, data in {"answered.md": answered, "again.md": again}.items():
        world.save(name, data.removesuffix(b"\n- [x] send\n"), event=False)
        world.modified[world.path(name)] -= DAY_S
    looked = looked_at(world)
    world.let_pass(10)
    assert "again.md" in looked
    assert "answered.md" not in looked


def test_a_long_start_says_what_it_does() -> None:
    """Nobody waits for half a minute before a silent terminal; it is said once."""
    world = world_of(250)
    may_ask = world.files.may_ask

    def slowly(path: str, *, unmarked: bool = False) -> bool:
        world.clock.at += 0.1
        return may_ask(path, unmarked=unmarked)

    world.files.may_ask = slowly  # type: ignore[method-assign]
    world.let_pass(60)
    assert [told.sentence for told in world.told][:2] == [
        "looking at 250 chats: the first start in a vault takes longest",
        *world.sentences(Kind.START),
    ]
    assert sum("looking at" in sentence for sentence in world.sentences()) == 1
