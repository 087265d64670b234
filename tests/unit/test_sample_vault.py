"""The sample vault is what its welcome note says it is."""

import re
from pathlib import Path

import pytest

import notelog
from notelog.adapters.tiktoken_counter import TiktokenCounter
from notelog.core.messages import Role
from notelog.core.models import resolve_model
from notelog.core.note import Note
from notelog.core.trim import plan_trim
from notelog.core.turn import ReplyDue, State, next_turn, state_of

ROOT = Path(__file__).parents[2]
VAULT = ROOT / "sample_vault"
STATES = {
    "Chats/Adding up a CSV file.md": State.DUE,
    "Chats/Learning SQL with a small library.md": State.DUE,
    "Chats/Long texts and tokens.md": State.DUE,
    "Chats/Proofreading.md": State.DUE,
    "Chats/Which tea for whom.md": State.DUE,
    "Chats/Why the sum of odd numbers is a square.md": State.DUE,
    "Notes/How a chat note is built.md": State.NOT_A_CHAT,
    "Notes/Reading list.md": State.NOT_A_CHAT,
    "Templates/New chat.md": State.NOTHING,
    "Welcome.md": State.NOT_A_CHAT,
    "对话/数学归纳法.md": State.ANSWERED,
    "对话/正则表达式入门.md": State.DUE,
    "笔记/读书计划.md": State.NOT_A_CHAT,
}


def read(name: str) -> Note:
    """A note of the vault."""
    return notelog.parse((VAULT / name).read_bytes())


@pytest.mark.parametrize("name", STATES)
def test_state(name: str) -> None:
    """Each note waits for what the welcome note says, and none is in error."""
    note = read(name)
    assert state_of(note) is STATES[name]
    assert note.errors == ()


def test_every_note_is_known() -> None:
    """No note of the vault is left out of these tests."""
    names = {path.relative_to(VAULT).as_posix() for path in VAULT.rglob("*.md")}
    assert names == set(STATES)


def test_demonstration_note_is_the_real_chat_with_a_question() -> None:
    """The note of the demonstration is the real chat, byte for byte, with one turn added."""
    seed = (ROOT / "tests/seeds/000_chat_note.md").read_bytes()
    note = read("Chats/Long texts and tokens.md")
    assert note.source.data.startswith(seed)
    assert note.conversation[:-1] == notelog.parse(seed).conversation
    assert note.conversation[-1].content == "In one sentence: what is a token in a language model?"


def test_long_note_is_over_a_window_of_4096() -> None:
    """The long chat loses its oldest turns in a window of 4,096 tokens, and keeps the question."""
    turn = next_turn(read("Chats/Learning SQL with a small library.md"))
    assert isinstance(turn, ReplyDue)
    plan = plan_trim(
        turn.conversation,
        model=resolve_model("gpt-4o"),
        context_window=4_096,
        count=TiktokenCounter().count,
    )
    assert plan.dropped
    assert plan.dropped[0].index == 0
    assert plan.kept[-1] == turn.conversation[-1]


def test_settings_at_the_top() -> None:
    """The note with instructions sends each of them as a system message."""
    roles = [message.role for message in read("Chats/Proofreading.md").conversation]
    assert roles == [Role.SYSTEM, Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]


def test_sql_chat_tells_the_truth() -> None:
    """Each table in the SQL chat is what SQLite answers to the statement above it."""
    import sqlite3

    text = (VAULT / "Chats/Learning SQL with a small library.md").read_text(encoding="utf-8")
    database = sqlite3.connect(":memory:")
    shown = 0
    for statement, table in re.findall(r"```sql\n(.*?)```\n(?:\n((?:\|.*?\n)+))?", text, re.DOTALL):
        if statement.startswith("CREATE TABLE"):
            database.executescript(statement)
        if table:
            shown += 1
            rows = [re.split(r" *\| *", line.strip("| ")) for line in table.strip().split("\n")[2:]]
            assert [[str(cell) for cell in row] for row in database.execute(statement)] == rows
    database.close()
    assert shown == 11


def test_welcome_names_what_is_there() -> None:
    """Every link of the welcome note leads to a note of the vault."""
    text = (VAULT / "Welcome.md").read_text(encoding="utf-8")
    links = set(re.findall(r"\[\[(.+?)\]\]", text))
    assert links <= {Path(name).stem for name in STATES}
    paths = re.findall(r'notelog (?:complete|show) .*"(.+?)"', text)
    assert paths
    assert all((VAULT / path).is_file() for path in paths)
