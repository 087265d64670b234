"""Asks OpenAI-compatible servers, through the openai package: the one file that imports it.

Of the package its HTTP client and its errors are used. Its retries, its redirects, its environment
variables and its telemetry headers are not, so a request goes straight to that client: its way
through the layers above took 1.2 ms of CPU, more than all the rest of sending it. Parts of a reply
are read by ``core.wire``: 20,000 parts took 0.5 s of CPU instead of 2.9 s.
"""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from mmap import mmap

from notelog.adapters.address import Address, checked_address
from notelog.adapters.openai_connection import (
    AnsweredError,
    answer_of,
    asked_of,
    certificate_store,
    hand_over_answer,
)
from notelog.adapters.reply_stream import FAULTS, read_reply
from notelog.adapters.request_thread import CancelledError, DeadlineError, RequestThread
from notelog.core.key_mask import without_key
from notelog.core.refusal import Asked, redirect_refusal, refusal
from notelog.core.reply import ReplyDelta
from notelog.core.request import ChatRequest
from notelog.errors import (
    ConfigurationError,
    InDoubtError,
    InterruptedByUserError,
    NotelogError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Endpoint, Leaving

AFTER_END_S = 5.0
"""How long to wait for the figures once the finish_reason was seen, in seconds."""

_ROOM_BYTES = 40 << 20  # the import takes 33 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Everything one attempt needs."""

    endpoint: Endpoint
    address: Address
    asked: Asked
    body: bytes


class OpenAIChat:
    """Asks for chat completions; one attempt and one connection a call."""

    def stream(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        *,
        cancelled: Callable[[], bool],
        leaving: Leaving,
    ) -> Iterator[ReplyDelta]:
        """See ``ports.Completions``.

        Raises:
            ConfigurationError: base_url, key or settings are such that nothing was sent.
            InterruptedByUserError: ``cancelled()`` turned true before anything was sent.
        """
        call = _prepared(request, endpoint)
        load_openai()
        running = RequestThread(
            lambda running: _send(call, running), endpoint.profile.deadline_s, held=True
        )
        try:
            running.start()
            leaving(running.connect)
            running.let_go()
            yield from _received(running, call, cancelled)
        finally:
            running.stop()


@cache
def load_openai() -> None:
    """Imports the package without collecting garbage meanwhile: what it makes stays for good.

    Raises:
        MemoryError: there is no room for it. An import that finds that out half way can be the end:
            where not even the place of an error can be noted, Python goes round for ever.
    """
    try:
        mmap(-1, _ROOM_BYTES).close()  # address space, not memory: nothing is touched
    except OSError as error:
        raise MemoryError from error
    collecting = gc.isenabled()
    gc.disable()
    try:
        import_module("openai")
    finally:
        if collecting:
            gc.freeze()
            gc.enable()


def warm_up() -> None:
    """Makes ready what a first request needs: it would take 0.6 s of that request's time.

    What goes wrong is told by the request itself.
    """
    with suppress(Exception):
        load_openai()
        certificate_store()
        _rehearse()


def _rehearse() -> None:
    """A request that goes nowhere: the first one of a process takes 50 ms longer than the next."""
    import httpx2
    import openai

    for name in ("httpcore2", "h11"):
        import_module(name)
    nowhere = httpx2.MockTransport(lambda _: httpx2.Response(204))
    with openai.DefaultHttpxClient(transport=nowhere, trust_env=False) as client:
        client.post("http://localhost/v1", content=b"{}").close()


def _prepared(request: ChatRequest, endpoint: Endpoint) -> _Call:
    address = checked_address(endpoint.base_url, endpoint.profile.name)
    asked = asked_of(endpoint, request.model)
    try:
        text = json.dumps(request.body(), ensure_ascii=False, allow_nan=False)
        body = text.encode("utf-8")
    except ValueError as error:
        raise ConfigurationError(
            "a setting of the request is no finite number, or text that is no Unicode"
        ) from error
    return _Call(endpoint=endpoint, address=address, asked=asked, body=body)


def _received(
    running: RequestThread, call: _Call, cancelled: Callable[[], bool]
) -> Iterator[ReplyDelta]:
    """The parts, and every way in which they can stop, in our own words."""
    finished = False
    try:
        parts = read_reply(running.items(cancelled), call.asked)
        for delta in without_key(parts, call.asked.key):
            yield delta
            if delta.finish_reason and not finished:
                finished = True
                running.end_within(AFTER_END_S)
    except CancelledError:
        if not running.sent:
            raise InterruptedByUserError("stopped before anything was sent") from None
    except NotelogError:
        raise
    except Exception as error:
        if not finished:
            raise translated(error, call.endpoint, call.asked, sent=running.sent) from error


def translated(error: Exception, endpoint: Endpoint, asked: Asked, *, sent: bool) -> NotelogError:
    """What an exception of the openai package, its HTTP library or ours means.

    Args:
        error: what was raised.
        endpoint: where the request went.
        asked: whom it went to, for the sentences.
        sent: whether a byte of the request may have left.

    Raises:
        Exception: the error itself, where nobody knows it: a fault in notelog.
    """
    if isinstance(error, AnsweredError):
        if 300 <= error.status < 400:  # noqa: PLR2004  # redirects
            return redirect_refusal(error.status, error.location, asked)
        return refusal(error.status, error.body, asked, retry_after_s=error.retry_after_s)
    if not isinstance(error, (*_foreign_errors(), *FAULTS, DeadlineError)):
        raise error
    words = _words(error, endpoint, sent=sent)
    if not sent:
        return ProviderUnavailableError(words, hint="check the connection and base_url")
    return InDoubtError(f"{words}{asked.doubt}", hint="notelog retry NOTE asks anew")


def _foreign_errors() -> tuple[type[Exception], ...]:
    import httpx2
    import openai

    return (
        openai.OpenAIError,
        openai.InvalidWebhookSignatureError,
        httpx2.HTTPError,
        httpx2.InvalidURL,
        httpx2.CookieConflict,
        httpx2.StreamError,
        OSError,
        EOFError,
    )


def _words(error: Exception, endpoint: Endpoint, *, sent: bool) -> str:
    """The sentence for an error of the connection, by the deepest cause that says anything."""
    profile = endpoint.profile
    name, place = profile.name, f"{profile.name} at {endpoint.base_url}"
    if isinstance(error, FAULTS):
        return f"{name}: {error}"
    if isinstance(error, DeadlineError):
        return f"{name} took longer than its deadline_s allows"
    for cause in _causes(error):
        for kind, saying in _sayings(sent=sent):
            if isinstance(cause, kind):
                return saying.format(name=name, place=place, profile=profile)
    return f"the connection to {name} was cut" if sent else f"{place} cannot be reached"


def _sayings(*, sent: bool) -> tuple[tuple[type[BaseException], str], ...]:
    """What to say of a cause; the first that fits."""
    import ssl
    from socket import gaierror

    import httpx2

    silent = "{name} was silent for read_timeout_s = {profile.read_timeout_s:g} s"
    tls = "the TLS handshake with {place} failed"
    late = "{place} did not answer within connect_timeout_s = {profile.connect_timeout_s:g} s"
    return (
        (ssl.SSLCertVerificationError, "the certificate of {place} is not trusted"),
        (ssl.SSLError, "the connection to {name} was cut" if sent else tls),
        (gaierror, "the name of {place} is not found (DNS)"),
        (ConnectionRefusedError, "{place} refuses the connection: no server is running there"),
        (httpx2.ConnectTimeout, late),
        (httpx2.ProxyError, "the proxy did not let the request through to {place}"),
        (httpx2.TimeoutException, silent),
    )


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what it comes from, the deepest first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain[::-1]


def _send(call: _Call, running: RequestThread) -> None:
    """Runs in the thread of the request thread: one request, its answer handed over as it comes."""
    import httpx2
    import openai

    profile = call.endpoint.profile
    response = answer_of(
        "POST",
        f"{call.address.base_url}/chat/completions",
        call.endpoint,
        call.address,
        timeout=httpx2.Timeout(profile.read_timeout_s, connect=profile.connect_timeout_s),
        trace=running.trace,
        content=call.body,
        query={"api-version": profile.api_version} if profile.api_version else None,
        make=openai.DefaultHttpxClient,
    )
    hand_over_answer(response, running)
