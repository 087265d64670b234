"""A real server with a small window, of which a plain profile knows nothing beforehand."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from local_chat import local_profile
from program import Program

from notelog.adapters.local_server import EmbeddedServer
from notelog.ports.servers import Endpoint

pytestmark = pytest.mark.local_model

WINDOW = 512
SEPARATOR = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
ENGLISH = "Roses and onions grow well beside each other in a small garden. " * 4
CHINESE = "玫瑰和洋葱在小花园里长得很好，但是它们需要很多阳光和水。" * 2


@pytest.fixture(scope="module")
def small_server(models_folder: Path) -> Iterator[Endpoint]:
    """The local model with a window of 512 tokens."""
    with EmbeddedServer(models_folder).start(local_profile(context_window=WINDOW)) as endpoint:
        yield endpoint


def hidden(program: Program, endpoint: Endpoint) -> Program:
    """A program that knows the server's address and key, and nothing of its window."""
    program.configure(
        f'default_profile = "plain"\n[profiles.plain]\nbase_url = "{endpoint.base_url}"\n'
        'model = "m"\nkey_environment = "PLAIN_KEY"\nmax_tokens = 16\n'
    )
    return Program(program.home, {"PLAIN_KEY": endpoint.key})


def chat(text: str, question: str) -> bytes:
    """A chat of six older turns and a question."""
    turns = [f"{role}\n\n{text}" for _ in range(6) for role in ("user", "assistant")]
    return SEPARATOR.join([*turns, f"user\n\n{question}\n"]).encode().removeprefix(b"user\n\n")


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_a_real_refusal_is_recovered_from(
    program: Program, vault: Path, small_server: Endpoint, text: str
) -> None:
    """The refused chat is answered after all, and the next one without a refusal."""
    notelog = hidden(program, small_server)
    note = vault / "garden.md"
    note.write_bytes(chat(text, "Which first?"))
    run = notelog.run("complete", "--json", note)
    assert run.code in {0, 7}, run.err  # 16 tokens are soon over
    assert run.fields["reply"]
    plan = cast("dict[str, object]", run.fields["plan"])
    assert plan["window"] == WINDOW
    dropped = cast("list[object]", plan["dropped"])
    assert 0 < len(dropped) < 12
    usage = cast("dict[str, int]", run.fields["usage"])
    assert usage["prompt_tokens"] + 16 <= WINDOW
    second = vault / "second.md"
    second.write_bytes(chat(text, "Which last?"))
    told = notelog.run("complete", second)
    assert told.code in {0, 7}, told.err
    assert "left out to fit the window" in told.err
    assert f"window {WINDOW} tokens" in notelog.run("model", "show", "m").out


def test_a_question_that_is_too_large_is_said(
    program: Program, vault: Path, small_server: Endpoint
) -> None:
    """The server's own figures show that there is nothing to leave out."""
    note = vault / "large.md"
    note.write_bytes((ENGLISH * 20).encode())
    run = hidden(program, small_server).run("complete", note)
    assert run.code == 4
    assert f"window of {WINDOW}" in run.err
    assert note.read_bytes() == (ENGLISH * 20).encode()
