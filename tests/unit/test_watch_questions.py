"""What is known before a vault is watched: what a backlog takes, and which folder is offered."""

from dataclasses import replace

import pytest
from watch_world import World, chat, with_settings

from notelog.app.watch_backlog import backlog_offer
from notelog.app.watch_tools import WatchOptions
from notelog.cli.watch_questions import backlog_lines, folder_question
from notelog.core.auto_folder import glob_of, suggested_folder

LONG_AGO_S = 1e6


def with_old_notes(count: int, **profile: object) -> World:
    """A vault with notes that were marked long ago, and one each that is not, or is answered."""
    world = World(**profile)  # type: ignore[arg-type]
    for number in range(count):
        world.save(f"{number:02}.md", chat(f"question {number}"), event=False)
    world.save("answered.md", chat("Q", "A", tail=""), event=False)
    world.save("unmarked.md", chat("Q", tail=""), event=False)
    world.modified = dict.fromkeys(world.modified, world.clock.now() - LONG_AGO_S)
    world.start()
    return world


def test_a_backlog_is_counted_with_tokens_and_money() -> None:
    """The offer counts marked notes, their prompts, the longest replies and what those cost."""
    world = with_old_notes(3, price=(1.0, 2.0))
    offer = backlog_offer(world.tools, world.completing)
    assert offer.notes == {world.path(f"{number:02}.md") for number in range(3)}
    most = offer.most
    assert (most.requests, dict(offer.servers)) == (3, {"m at test": 3})
    assert 3 * 10 < most.prompt_tokens < 3 * 100
    assert most.prompt_tokens + most.completion_tokens == 3 * 8192
    assert most.costs == {"USD": (most.prompt_tokens + 2 * most.completion_tokens) / 1e6}
    assert most.unpriced == 0
    assert world.server.asked == []
    text = "\n".join(backlog_lines(offer))
    assert "3 notes marked and not answered" in text
    assert f"at most {most.costs['USD']:.4f} USD" in text


@pytest.mark.parametrize(
    ("billed", "words"),
    [(True, "unpriced: what it costs is not known"), (False, "nothing is billed")],
)
def test_a_backlog_without_a_price_is_not_called_free(*, billed: bool, words: str) -> None:
    """A model without a known price is unpriced; only a profile that bills nothing is free."""
    world = with_old_notes(1, billed=billed)
    offer = backlog_offer(world.tools, world.completing)
    assert any(words in line for line in backlog_lines(offer))


def test_what_cannot_be_asked_is_named_in_the_offer() -> None:
    """A question that fits no window is named with the reason, and counts for nothing."""
    world = with_old_notes(1)
    world.save("long.md", chat("word " * 20_000), event=False)
    offer = backlog_offer(world.tools, world.completing)
    assert offer.most.requests == 1
    assert [item.partition(":")[0] for item in offer.refused] == ["long.md"]
    assert any(line.startswith("not sent:   long.md: ") for line in backlog_lines(offer))


def test_what_was_answered_or_is_in_doubt_before_is_no_backlog() -> None:
    """A marked note whose question the journal knows as answered is not offered again."""
    world = World()
    world.let_pass(1)
    world.save("a.md", chat("Q"))
    world.let_pass(60)
    assert len(world.server.asked) == 1
    world.save("a.md", chat("Q"), event=False)
    world.start()
    assert backlog_offer(world.tools, world.completing).notes == frozenset()


def test_an_agreed_backlog_is_answered_whole_and_nothing_else() -> None:
    """More notes than a burst has are all asked, since a person agreed; an unagreed old one not."""
    world = with_old_notes(25)
    agreed = frozenset(world.path(f"{number:02}.md") for number in range(24))
    world = with_backlog(world, agreed)
    world.let_pass(600)
    assert len(world.server.asked) == 24
    assert "question 24" not in world.server.asked
    assert not any("at once" in item.sentence for item in world.told)


def with_backlog(world: World, agreed: frozenset[str]) -> World:
    """The same vault, watched by a watcher that was given a backlog."""
    other = World(options=WatchOptions(backlog=agreed))
    for path, data in world.store.notes.items():
        other.store.put(path, data)
    other.modified = world.modified
    other.start()
    return other


def test_the_start_names_what_is_answered_without_a_mark() -> None:
    """Globs that are answered without a mark are told at the start, with the time."""
    world = World(with_settings(auto=("Chats/**",)))
    world.let_pass(1)
    assert "answered without a mark, 8 s after their last change: Chats/**" in world.sentences()
    assert replace(world.told[0], note="") == world.told[0]


@pytest.mark.parametrize(
    ("chats", "folder"),
    [
        ([], None),
        (["a.md"], "."),
        (["a.md", "b.md", "C/d.md"], "C"),
        (["C/d.md", "B/a.md", "B/deep/e.md"], "B"),
        (["What?/a.md", "What?/b.md", "C/d.md"], "C"),
        (["What?/a.md"], "."),
        (["对话/a.md"], "对话"),
    ],
)
def test_the_folder_with_the_most_chats_is_suggested(chats: list[str], folder: str | None) -> None:
    """The top folder with the most chats whose name a glob does not read; else the vault."""
    assert suggested_folder(chats) == folder


def test_a_folder_is_a_glob() -> None:
    """All notes below a folder, or of the vault; a name that a glob would read is none."""
    assert [glob_of(name) for name in (".", "a b/c", "a*")] == ["**", "a b/c/**", ""]


@pytest.mark.parametrize(
    ("suggestion", "words"),
    [
        ("Chats", "Which folder (such as Chats; . for the whole vault; Enter for none)"),
        (".", "Which folder (. for the whole vault; Enter for none)"),
        ("a\x1bb", "Which folder (such as a\\x1bb; . for the whole vault; Enter for none)"),
    ],
)
def test_the_whole_vault_is_named_once(suggestion: str, words: str) -> None:
    """Where the whole vault is what is suggested, there is no folder to give as an example."""
    assert folder_question(suggestion) == words
