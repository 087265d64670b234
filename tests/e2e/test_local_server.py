"""The embedded local model for real: the engine, the model file, the child process."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import cast

import pytest
from local_chat import (
    chat_body,
    connect,
    events,
    exactly,
    first_choice,
    local_profile,
    request,
    send,
    server_pids,
)

from notelog.adapters import local_server
from notelog.adapters.llamacpp_figures import LlamaCppFigures
from notelog.adapters.local_server import EmbeddedServer, KeptServer
from notelog.core.local_model import DEMONSTRATION_MODEL
from notelog.errors import ConfigurationError, ProviderUnavailableError
from notelog.ports.servers import Endpoint

CHAT = "/chat/completions"
ENDLESS = chat_body("Tell me a long story.", max_tokens=1_500, ignore_eos=True, stream=True)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

pytestmark = pytest.mark.local_model


@pytest.mark.parametrize("text", ["Hello, world.", "你好，世界。"])
def test_stream(local_endpoint: Endpoint, text: str) -> None:
    """A streamed reply is exactly what the grammar allows, and ends with a finish_reason."""
    connection = connect(local_endpoint)
    body = chat_body("Greet me.", grammar=exactly(text), stream=True)
    choices = [
        first_choice(event) for event in events(send(connection, local_endpoint, CHAT, body))
    ]
    connection.close()
    parts = [cast("dict[str, str]", choice.get("delta", {})).get("content") for choice in choices]
    assert "".join(part or "" for part in parts) == text
    assert len(parts) > 3
    assert choices[-1]["finish_reason"] == "stop"


def test_whole_reply_names_the_model_without_its_path(local_endpoint: Endpoint) -> None:
    """A reply carries the model's name, not the path of its file."""
    answer = request(local_endpoint, CHAT, chat_body("Greet me.", max_tokens=1))
    assert answer.json()["model"] == Path(DEMONSTRATION_MODEL.file_name).stem


def test_two_at_once(local_endpoint: Endpoint) -> None:
    """Two requests at the same time are both answered, each with its own text."""
    said: dict[str, object] = {}

    def ask(text: str) -> None:
        answer = request(local_endpoint, CHAT, chat_body("Say it.", grammar=exactly(text)))
        said[text] = cast("dict[str, object]", first_choice(answer.json())["message"])["content"]

    threads = [threading.Thread(target=ask, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {"one": "one", "two": "two"}


def test_exact_prompt_tokens(local_endpoint: Endpoint) -> None:
    """The count before sending is the prompt_tokens that the reply reports."""
    body = chat_body("Count this: 你好, `x = 1` and 12:30.", max_tokens=1)
    usage = cast("dict[str, int]", request(local_endpoint, CHAT, body).json()["usage"])
    counted = LlamaCppFigures().prompt_tokens(local_endpoint, body)
    assert counted == usage["prompt_tokens"]
    assert LlamaCppFigures().window(local_endpoint) == 2_048


def test_overflow_names_its_figures(models_folder: Path) -> None:
    """A prompt over the window is refused with its tokens and the window."""
    with EmbeddedServer(models_folder).start(local_profile(context_window=512)) as endpoint:
        body = chat_body("word " * 600)
        answer = request(endpoint, CHAT, body)
        counted = LlamaCppFigures().prompt_tokens(endpoint, body)
        assert LlamaCppFigures().window(endpoint) == 512
    assert answer.status == 400
    error = cast("dict[str, object]", answer.json()["error"])
    assert error["type"] == "exceed_context_size_error"
    assert (error["n_prompt_tokens"], error["n_ctx"], error["code"]) == (counted, 512, 400)


@pytest.mark.parametrize("key", ["", "wrong"])
def test_wrong_key(local_endpoint: Endpoint, key: str) -> None:
    """Without the key of this start nothing is answered."""
    assert request(local_endpoint, CHAT, chat_body("Hello"), key=key).status == 401


def test_foreign_origin(local_endpoint: Endpoint) -> None:
    """A web page of another origin is not allowed to read an answer."""
    answer = request(local_endpoint, "/models", origin="https://evil.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost"


@pytest.mark.parametrize("path", ["/../slots", "/../"])
def test_no_other_pages(local_endpoint: Endpoint, path: str) -> None:
    """The server shows neither what others asked nor a page of its own."""
    assert request(local_endpoint, path).status in {404, 501}


@linux_only
def test_key_is_not_visible(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in no command line, and the child is given no key of another server."""
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-another-server")
    before = set(server_pids())
    with EmbeddedServer(models_folder).start(local_profile(context_window=512)) as endpoint:
        (pid,) = set(server_pids()) - before
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert endpoint.key not in repr(endpoint)
    assert endpoint.key.encode() not in arguments
    assert endpoint.key.encode() in environment
    assert b"canary-of-another-server" not in environment


@linux_only
def test_killed_in_mid_reply(models_folder: Path) -> None:
    """When the server is killed in mid-reply, the stream ends at once without a finish_reason."""
    before = set(server_pids())
    with EmbeddedServer(models_folder).start(local_profile(context_window=2_048)) as endpoint:
        (pid,) = set(server_pids()) - before
        connection = connect(endpoint)
        stream = events(send(connection, endpoint, CHAT, ENDLESS))
        seen = [first_choice(next(stream)), first_choice(next(stream))]
        os.kill(pid, signal.SIGKILL)
        with suppress(HTTPException, OSError, StopIteration):
            while True:
                seen.append(first_choice(next(stream)))
        connection.close()
    assert not any(choice.get("finish_reason") for choice in seen)


def test_stop_in_mid_generation(models_folder: Path) -> None:
    """Leaving the context ends a server that generates within a second."""
    with EmbeddedServer(models_folder).start(local_profile(context_window=2_048)) as endpoint:
        connection = connect(endpoint)
        next(events(send(connection, endpoint, CHAT, ENDLESS)))
        start = time.monotonic()
    seconds = time.monotonic() - start
    connection.close()
    assert seconds < 1.0
    with pytest.raises(ConnectionRefusedError):
        request(endpoint, "/models")


@linux_only
def test_stuck_server_is_killed(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer SIGTERM is killed."""
    monkeypatch.setattr(local_server, "STOP_SECONDS", 0.1)
    before = set(server_pids())
    with EmbeddedServer(models_folder).start(local_profile(context_window=512)):
        (pid,) = set(server_pids()) - before
        os.kill(pid, signal.SIGSTOP)
    assert set(server_pids()) == before


@linux_only
def test_kept_server(models_folder: Path) -> None:
    """A kept server serves turn after turn, is replaced when it died, and ends when closed."""
    before = set(server_pids())
    kept = KeptServer(EmbeddedServer(models_folder))
    profile = local_profile(context_window=512)
    with kept.start(profile) as first:
        pass
    with kept.start(profile) as second:
        assert second is first
        assert request(second, "/models").status == 200
    (pid,) = set(server_pids()) - before
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with kept.start(profile) as third:
        assert third.key != first.key
        assert request(third, "/models").status == 200
    kept.close()
    assert set(server_pids()) == before


PARENT = """
import os, sys, time
from pathlib import Path
from local_chat import local_profile, server_pids
from notelog.adapters import local_server

def tell(*ignored):
    print(*server_pids(), flush=True)
    time.sleep(60)

if sys.argv[2] == "while it starts":
    local_server._Output.wait = tell
with local_server.EmbeddedServer(Path(sys.argv[1])).start(local_profile()):
    tell()
"""


@linux_only
@pytest.mark.parametrize("when", ["while it serves", "while it starts"])
def test_parent_killed(models_folder: Path, when: str) -> None:
    """When its parent is killed, the server is gone within three seconds."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(models_folder), when],
        stdout=subprocess.PIPE,
        env=environment,
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([child], [], [], 3.0)
    os.close(child)
    assert ended


def _no_model(folder: Path) -> str:
    return str(folder / "missing.gguf")


def _no_gguf(folder: Path) -> str:
    (folder / "notes.gguf").write_bytes(b"# Not a model\n")
    return str(folder / "notes.gguf")


@pytest.mark.parametrize(
    ("make", "message"), [(_no_model, "not installed"), (_no_gguf, "no GGUF model file")]
)
def test_bad_model_path(tmp_path: Path, make: Callable[[Path], str], message: str) -> None:
    """A model_path that is missing or no model is named, with the profile to mend."""
    path = make(tmp_path)
    with (
        pytest.raises(ConfigurationError, match=message) as caught,
        EmbeddedServer(tmp_path).start(local_profile(model_path=path)),
    ):
        pass
    assert caught.value.path == path
    assert "model_path of profile 'local'" in caught.value.hint


def test_model_not_installed(tmp_path: Path) -> None:
    """Without the demonstration model the error names the command that installs it."""
    with (
        pytest.raises(ConfigurationError, match="not installed") as caught,
        EmbeddedServer(tmp_path).start(local_profile()),
    ):
        pass
    assert "notelog model install" in caught.value.hint


def test_cut_model_file(tmp_path: Path, models_folder: Path) -> None:
    """A model file that is cut short is refused in the engine's own words."""
    cut = tmp_path / "cut.gguf"
    with (models_folder / DEMONSTRATION_MODEL.file_name).open("rb") as whole:
        cut.write_bytes(whole.read(50_000))
    with (
        pytest.raises(ConfigurationError, match=r"refuses the model file.*failed to read"),
        EmbeddedServer(tmp_path).start(local_profile(model_path=str(cut))),
    ):
        pass


def test_engine_not_installed(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the engine the error names the extra that brings it."""
    monkeypatch.setattr(local_server, "find_spec", lambda _name: None)
    with (
        pytest.raises(ConfigurationError, match="engine is not installed") as caught,
        EmbeddedServer(models_folder).start(local_profile()),
    ):
        pass
    assert 'pip install --force-reinstall ".[local' in caught.value.hint


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (
            "raise ImportError('libgomp.so.1: cannot open shared object file')",
            ConfigurationError,
            "libgomp.so.1",
        ),
        ("import os; os.write(2, b'bad CPU'); os._exit(7)", ProviderUnavailableError, "exit 7"),
    ],
)
def test_engine_that_cannot_load(
    tmp_path: Path,
    models_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    kind: type[ConfigurationError | ProviderUnavailableError],
    message: str,
) -> None:
    """An engine that cannot be loaded, or dies of it, is one sentence with what it said."""
    (tmp_path / "xllamacpp.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        pytest.raises(kind, match=message) as caught,
        EmbeddedServer(models_folder).start(local_profile()),
    ):
        pass
    assert "libgomp1" in caught.value.hint or "bad CPU" in caught.value.message


def test_start_has_a_time_limit(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that never comes up is given up and ended."""
    (tmp_path / "xllamacpp.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(local_server, "START_SECONDS", 0.2)
    with (
        pytest.raises(ProviderUnavailableError, match="did not start"),
        EmbeddedServer(models_folder).start(local_profile()),
    ):
        pass
