"""A request for which there is no memory fails as that, whatever it fails with."""

import gc
from errno import ENOMEM

import httpx2  # noqa: TID253  # the client that cannot be made
import pytest
from asking import endpoint_for

from notelog.adapters import openai_chat
from notelog.adapters.address import checked_address
from notelog.adapters.openai_connection import answer_of
from notelog.errors import ConfigurationError


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(ENOMEM, "Cannot allocate memory"), MemoryError),
        (ImportError("failed to map segment from shared object"), MemoryError),
        (ImportError("no module named socksio"), ConfigurationError),
        (OSError("no such certificate"), ConfigurationError),
    ],
)
def test_a_client_that_cannot_be_made(error: Exception, raised: type[Exception]) -> None:
    """Proxies and certificates are blamed for nothing else."""

    def make(**_: object) -> httpx2.Client:
        raise error

    with pytest.raises(raised):
        answer_of(
            "GET",
            "models",
            endpoint_for("http://127.0.0.1:1/v1"),
            checked_address("http://127.0.0.1:1/v1", "test"),
            timeout=httpx2.Timeout(1),
            trace=lambda *_: None,
            make=make,
        )


def test_an_import_for_which_there_is_no_room_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half way through, Python 3.11 may go round for ever: see ``load_openai``."""

    def refused(*_: object) -> None:
        raise OSError(ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(openai_chat, "mmap", refused)
    begun: list[str] = []
    monkeypatch.setattr(openai_chat, "import_module", begun.append)
    collecting = gc.isenabled()
    with pytest.raises(MemoryError):
        openai_chat.load_openai.__wrapped__()
    assert not begun
    assert gc.isenabled() == collecting
