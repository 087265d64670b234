"""Asks a server for the list of its models, by the rules of every request that carries a key."""

from dataclasses import replace
from typing import TYPE_CHECKING

from notelog.adapters.address import checked_address
from notelog.adapters.openai_chat import translated
from notelog.adapters.openai_connection import answer_of, asked_of, hand_over_answer
from notelog.adapters.request_thread import DeadlineError, Head, RequestThread, inflated
from notelog.core.model_list import ModelList, parse_model_list
from notelog.core.retry import http_date
from notelog.core.wire import MalformedError
from notelog.errors import InDoubtError, NotelogError, ProviderUnavailableError
from notelog.ports.servers import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 20.0
"""How long all of it may take, in seconds."""

_MOST_BYTES = 16 << 20  # OpenRouter's list has 1 MB
_ANTHROPIC_HOST = "api.anthropic.com"
_ANTHROPIC_VERSION = "2023-06-01"


class ServerModels:
    """One request a call, ``GET /models``; implements ``ports.checkup.ModelLists``."""

    def models(self, endpoint: Endpoint) -> ModelList:
        """See ``ports.checkup``."""
        profile = endpoint.profile
        limit_s = min(LIMIT_S, profile.deadline_s)
        asked = asked_of(endpoint, profile.model)
        dates: list[str] = []
        running = RequestThread(lambda running: _get(endpoint, running, limit_s, dates), limit_s)
        running.start()
        try:
            body = _whole(running.items(lambda: False))
        except DeadlineError:
            raise ProviderUnavailableError(
                f"{profile.name} at {endpoint.base_url} gave no whole answer in {limit_s:g} s",
                hint="look whether the server runs and how busy it is",
            ) from None
        except NotelogError:
            raise
        except Exception as error:
            raise _explained(translated(error, endpoint, asked, sent=running.sent)) from error
        finally:
            running.stop()
        try:
            listed = parse_model_list(body, http_date(dates[0]) if dates else None)
        except ValueError:
            raise ProviderUnavailableError(
                f"what answers at {endpoint.base_url} is no model server: it sent something else"
                " than a list of models",
                hint="check base_url: it usually ends in /v1; a login page of a network also"
                " answers so",
            ) from None
        key = endpoint.key.casefold()
        shown = (name for name in listed.names if not key or key not in name.casefold())
        return replace(listed, names=tuple(shown))  # a server may send anything back


def _explained(error: NotelogError) -> NotelogError:
    """Nothing was generated, so that nothing is in doubt."""
    if not isinstance(error, InDoubtError):
        return error
    words = error.message.removesuffix("; it may have been billed")
    return ProviderUnavailableError(words, hint="look at the server, or try again later")


def _get(endpoint: Endpoint, running: RequestThread, limit_s: float, dates: list[str]) -> None:
    """Runs in the thread of the request thread."""
    import httpx2

    profile = endpoint.profile
    address = checked_address(endpoint.base_url, profile.name)
    timeout = httpx2.Timeout(limit_s, connect=min(limit_s, profile.connect_timeout_s))
    query = {"api-version": profile.api_version} if profile.api_version else {}
    key_headers = None
    if address.host == _ANTHROPIC_HOST:  # its list is none of its OpenAI-compatible addresses
        query = {"limit": "1000"}
        key_headers = {"x-api-key": endpoint.key, "anthropic-version": _ANTHROPIC_VERSION}
    response = answer_of(
        "GET",
        f"{address.base_url}/models",
        endpoint,
        address,
        timeout=timeout,
        trace=running.trace,
        query=query,
        key_headers=key_headers,
    )
    dates.append(response.headers.get("date", ""))
    hand_over_answer(response, running)


def _whole(items: "Iterator[Head | bytes]") -> bytes:
    """All of an answer, up to a limit.

    Raises:
        MalformedError: it is larger, or packed in a way that was not asked for.
    """
    encoding = ""
    pieces: list[bytes] = []
    for item in items:
        if isinstance(item, Head):
            encoding = item.encoding
        else:
            pieces.append(item)
    body = bytearray()
    for piece in inflated(iter(pieces), encoding):
        body += piece
        if len(body) > _MOST_BYTES:
            raise MalformedError("the server sent more than any list of models has")
    return bytes(body)
