"""A text that is far larger than the window, read in parts by the real local model."""

from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from program import Program

from notelog.core.local_model import DEMONSTRATION_MODEL

SEED = Path(__file__).parents[1] / "seeds" / "002_blog_archive.txt"
WINDOW = 2_048


@pytest.mark.local_model
@pytest.mark.timeout(1_500)  # 33,000 tokens are read: 2 minutes on two idle cores
def test_the_whole_of_a_long_text_is_read(
    program: Program, vault: Path, models_folder: Path
) -> None:
    """Every part fits as the server counts it, each is answered, and one reply is in the note."""
    model = models_folder / DEMONSTRATION_MODEL.file_name
    program.configure(
        f'default_profile = "local"\n[profiles.local]\nmodel_path = "{model}"\n'
        f"context_window = {WINDOW}\nmax_tokens = 12\n"
    )
    note = vault / "long.md"
    text = SEED.read_bytes()
    before = b"What is this text about?\n\n" + text
    note.write_bytes(before)
    run = program.run("complete", "--map-reduce", "--yes", "--json", note, timeout=1_400)
    assert run.code in {0, 7}, run.err  # 12 tokens are soon over
    assert note.read_bytes().startswith(before.rstrip())
    assert run.fields["reply"]
    calls = cast("dict[str, int]", run.fields["calls"])
    usage = cast("dict[str, int]", run.fields["usage"])
    assert calls["requests"] == calls["asked"] > 10
    assert usage["prompt_tokens"] > 10 * WINDOW
    import sqlite3

    (journal,) = (program.home / "state" / "journal").glob("*.sqlite3")
    with closing(sqlite3.connect(journal)) as connection:
        rows: list[tuple[str, str, int, int]] = connection.execute(
            "SELECT purpose, turn.state, reply.prompt_tokens, reply.completion_tokens"
            " FROM turn JOIN reply ON turn.id = reply.turn_id"
        ).fetchall()
    assert len(rows) == calls["requests"]
    assert all(prompt + completion <= WINDOW for _, _, prompt, completion in rows)
    assert {purpose for purpose, *_ in rows} >= {"part", "reply"}
    assert [state for purpose, state, *_ in rows if purpose == "reply"] == ["delivered"]
