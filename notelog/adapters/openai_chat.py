"""Asks OpenAI-compatible servers, through the openai package: the one file that imports it.

Of the package the client, its connection handling and its errors are used. Its retries, its
redirects, its environment variables and its telemetry headers are not; parts of a reply are read
by ``core.wire``: 20,000 parts took 0.5 s of CPU instead of 2.9 s.
"""

import gc
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from notelog._version import __version__
from notelog.adapters.address import Address, checked_address, proxy_for
from notelog.adapters.reply_stream import FAULTS, read_reply
from notelog.adapters.request_thread import (
    CancelledError,
    DeadlineError,
    Head,
    RequestThread,
    inflated,
)
from notelog.core.refusal import Asked, redirect_refusal, refusal
from notelog.core.reply import ReplyDelta
from notelog.core.request import ChatRequest
from notelog.core.retry import http_date, retry_after_s
from notelog.core.settings import KeySource
from notelog.errors import (
    ConfigurationError,
    InDoubtError,
    InterruptedByUserError,
    KeyUnavailableError,
    NotelogError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Endpoint

if TYPE_CHECKING:
    import httpx2

ERROR_BYTES = 256 * 1024
"""How much of an error's body is read."""

AFTER_END_S = 5.0
"""How long to wait for the figures once the finish_reason was seen, in seconds."""

_KEPT_HEADERS = ("host", "content-length", "content-type")
_NO_KEY = "none"


class AnsweredError(Exception):
    """The server gave another status than 200, and this is all that matters of it."""

    def __init__(
        self, *, status: int, body: bytes, location: str, retry_after_s: float | None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.location = location
        self.retry_after_s = retry_after_s


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
        self, request: ChatRequest, endpoint: Endpoint, *, cancelled: Callable[[], bool]
    ) -> Iterator[ReplyDelta]:
        """See ``ports.Completions``.

        Raises:
            ConfigurationError: base_url, key or settings are such that nothing was sent.
            InterruptedByUserError: ``cancelled()`` turned true before anything was sent.
        """
        call = _prepared(request, endpoint)
        load_openai()
        running = RequestThread(lambda running: _send(call, running), endpoint.profile.deadline_s)
        running.start()
        try:
            yield from _received(running, call, cancelled)
        finally:
            running.stop()


def load_openai() -> None:
    """Imports the package without collecting garbage meanwhile: what it makes stays for good.

    Its loggers say nothing below WARNING: the HTTP library logs the headers of answers, and a
    server may send a key back in one.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        import_module("openai")
    finally:
        if collecting:
            gc.freeze()
            gc.enable()
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _prepared(request: ChatRequest, endpoint: Endpoint) -> _Call:
    profile = endpoint.profile
    address = checked_address(endpoint.base_url, profile.name)
    asked = Asked(
        profile=profile.name,
        model=request.model,
        key=endpoint.key,
        key_source=_source(profile.key),
        billed=profile.billed,
    )
    if any(not "!" <= character <= "~" for character in endpoint.key):
        raise KeyUnavailableError(
            f"the key of profile {profile.name} holds a blank, a line end or another character "
            "that no key has",
            hint=f"check it; it comes from {asked.key_source}",
        )
    try:
        text = json.dumps(request.body(), ensure_ascii=False, allow_nan=False)
        body = text.encode("utf-8")
    except ValueError as error:
        raise ConfigurationError(
            "a setting of the request is no finite number, or text that is no Unicode"
        ) from error
    return _Call(endpoint=endpoint, address=address, asked=asked, body=body)


def _source(key: KeySource) -> str:
    """Where a key comes from, for a person."""
    if key.environment:
        return f"environment variable {key.environment}"
    if key.file:
        return f"file {key.file}"
    if key.keyring:
        return f"keyring entry {key.keyring}"
    return f"command {key.command[0]}" if key.command else "the configuration"


def _received(
    running: RequestThread, call: _Call, cancelled: Callable[[], bool]
) -> Iterator[ReplyDelta]:
    """The parts, and every way in which they can stop, in our own words."""
    finished = False
    try:
        for delta in read_reply(running.items(cancelled), call.asked):
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
    return InDoubtError(f"{words}{asked.doubt}", hint="`complete --again` asks anew")


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
    timeout = httpx2.Timeout(profile.read_timeout_s, connect=profile.connect_timeout_s)

    def outgoing(request: httpx2.Request) -> None:
        request.headers = _headers(request, call)
        request.extensions["trace"] = running.trace

    with (
        httpx2.Client(
            transport=_transport(call.address),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout,
            event_hooks={"request": [outgoing], "response": [_refuse_other_status]},
        ) as http_client,
        openai.OpenAI(
            api_key=_NO_KEY,  # the key is put in by ``_headers`` alone
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",
            base_url=call.address.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=http_client,
            default_query={"api-version": profile.api_version} if profile.api_version else {},
        ) as client,
    ):
        response = cast(
            "httpx2.Response",
            client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=call.body,
                options={"headers": {"Content-Type": "application/json"}},
                stream=True,
                stream_cls=openai.Stream[object],
            ),
        )
        running.hand_over(
            Head(
                media_type=response.headers.get("content-type", "").partition(";")[0].lower(),
                encoding=response.headers.get("content-encoding", "").strip().lower(),
            )
        )
        for piece in response.iter_raw():
            if not running.hand_over(piece):
                return


def _transport(address: Address) -> "httpx2.HTTPTransport":
    """The connection; loading the certificate store takes 50 ms that plain http need not pay."""
    import ssl

    import httpx2

    if not address.secure:
        return httpx2.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    try:
        return httpx2.HTTPTransport(proxy=proxy_for(address))
    except (ValueError, ImportError, OSError) as error:
        raise ConfigurationError(
            "the proxy or the certificates that the environment names cannot be used",
            hint="check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
        ) from error


def _headers(request: "httpx2.Request", call: _Call) -> "httpx2.Headers":
    """All headers that leave, made anew.

    What the package adds (its telemetry, and whatever OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID and
    their like ask for) stays behind. The key is in this one place.
    """
    import httpx2

    fields = [(name, request.headers[name]) for name in _KEPT_HEADERS if name in request.headers]
    fields += [
        ("accept", "application/json, text/event-stream"),
        ("accept-encoding", "identity"),
        ("user-agent", f"notelog/{__version__}"),
    ]
    key = call.endpoint.key
    if key and call.endpoint.profile.api_version:
        fields.append(("api-key", key))
    elif key:
        fields.append(("authorization", f"Bearer {key}"))
    return httpx2.Headers(fields)


def _refuse_other_status(response: "httpx2.Response") -> None:
    """Reads what a refusal says, as far as it matters, before anybody reads all of it."""
    if response.is_success:
        return
    headers = response.headers
    encoding = headers.get("content-encoding", "").strip().lower()
    body = bytearray()
    for piece in inflated(response.iter_raw(), encoding):
        body += piece
        if len(body) >= ERROR_BYTES:
            break
    raise AnsweredError(
        status=response.status_code,
        body=bytes(body[:ERROR_BYTES]),
        location=headers.get("location", ""),
        retry_after_s=_wait_asked_for(headers),
    )


def _wait_asked_for(headers: "httpx2.Headers") -> float | None:
    """Retry-After by the server's own clock, in seconds; OpenAI's milliseconds go before."""
    milliseconds = retry_after_s(headers.get("retry-after-ms", ""), now=0.0)
    if milliseconds is not None:
        return milliseconds / 1000
    now = http_date(headers.get("date", ""))
    return retry_after_s(headers.get("retry-after", ""), now=time.time() if now is None else now)
