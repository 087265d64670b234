import json
from pathlib import Path

import pytest

from notelog import parse
from notelog.core.note import render
from notelog.core.turn import state_of

_CORPUS = Path(__file__).parent.parent / "corpus"
_NAMES = sorted(path.stem for path in _CORPUS.glob("*.json"))


@pytest.mark.parametrize("name", _NAMES)
def test_golden_notes(name: str) -> None:
    """Each note of the corpus gives exactly the messages and the state beside it."""
    expected = json.loads((_CORPUS / f"{name}.json").read_text("utf-8"))
    data = (_CORPUS / f"{name}.md").read_bytes()
    note = parse(data)
    messages = [{"role": str(item.role), "content": item.content} for item in note.conversation]
    assert {"messages": messages, "state": str(state_of(note))} == expected
    assert render(note) == data


def test_the_seed_note() -> None:
    """Seed 000 gives 11 messages and is answered: its empty turn is kept but not sent."""
    note = parse((_CORPUS.parent / "seeds" / "000_chat_note.md").read_bytes())
    assert len(note.conversation) == 11
    assert state_of(note) == "answered"
    assert [turn for turn in note.turns if not turn.content]
