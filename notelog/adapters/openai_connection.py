"""The connection to a server: where a key may go, what leaves with it, and what a refusal says.

Whoever asks a server for chat goes through here: the key stands in one header of one request to
the profile's own origin; no redirect is followed, no cookie kept, and of the environment's settings
only the proxy's and the certificates' count.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING

from notelog._version import __version__
from notelog.adapters.address import Address, proxy_for
from notelog.adapters.request_thread import Head, RequestThread, inflated
from notelog.core.memory import lacks_memory
from notelog.core.refusal import Asked
from notelog.core.retry import http_date, retry_after_s
from notelog.core.settings import KeySource
from notelog.errors import ConfigurationError, KeyUnavailableError
from notelog.ports.servers import Endpoint

if TYPE_CHECKING:
    import ssl

    import httpx2

ERROR_BYTES = 256 * 1024
"""How much of an error's body is read."""

_STORE_S = 3600.0


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


def asked_of(endpoint: Endpoint, model: str) -> Asked:
    """Whom a request goes to, for the sentences.

    Raises:
        KeyUnavailableError: the key could not stand in a header.
    """
    profile = endpoint.profile
    asked = Asked(
        profile=profile.name,
        model=model,
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
    return asked


def _source(key: KeySource) -> str:
    """Where a key comes from, for a person."""
    if key.environment:
        return f"environment variable {key.environment}"
    if key.file:
        return f"file {key.file}"
    if key.keyring:
        return f"keyring entry {key.keyring}"
    return f"command {key.command[0]}" if key.command else "the configuration"


def answer_of(
    method: str,
    url: str,
    endpoint: Endpoint,
    address: Address,
    *,
    timeout: "httpx2.Timeout",
    trace: Callable[[str, dict[str, object]], None],
    content: bytes | None = None,
    query: Mapping[str, str] | None = None,
    key_headers: Mapping[str, str] | None = None,
    make: "Callable[..., httpx2.Client] | None" = None,
) -> "httpx2.Response":
    """The answer to one request on a connection of its own, of which the head is read; close it.

    Args:
        method: GET or POST.
        url: below the address.
        endpoint: with the key.
        address: its checked address.
        timeout: for connecting and for reading.
        trace: follows the connection.
        content: JSON.
        query: of the url.
        key_headers: carry the key where the usual header does not.
        make: makes the client.

    Raises:
        ConfigurationError: the environment's proxy or certificates cannot be used.
        MemoryError: there is no room for a client.
        AnsweredError: the server says no.
    """
    import httpx2

    try:
        store = certificate_store() if address.secure else _no_store()
        client = _client(make or httpx2.Client, store, proxy_for(address))
    except (ValueError, ImportError, OSError) as error:
        if lacks_memory(error):
            raise MemoryError from error
        raise ConfigurationError(
            "the proxy or the certificates that the environment names cannot be used",
            hint="check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
        ) from error
    request = httpx2.Request(
        method,
        url,
        params=query or None,
        headers=_headers(endpoint, key_headers, has_content=content is not None),
        content=content,
        extensions={"timeout": timeout.as_dict(), "trace": trace},
    )
    return client.send(request, stream=True)


def hand_over_answer(response: "httpx2.Response", running: RequestThread) -> None:
    """Hands over a successful answer as it comes, until nobody wants more of it, and closes it."""
    with closing(response):
        running.hand_over(
            Head(
                media_type=response.headers.get("content-type", "").partition(";")[0].lower(),
                encoding=response.headers.get("content-encoding", "").strip().lower(),
            )
        )
        for piece in response.iter_raw():
            if not running.hand_over(piece):
                return


@lru_cache(maxsize=4)
def _client(
    make: "Callable[..., httpx2.Client]", store: "ssl.SSLContext", proxy: str | None
) -> "httpx2.Client":
    """What connects anew for each request: making it takes longer than to send one.

    The loggers on its way say nothing below WARNING: they log the headers of answers, and a server
    may send a key back in one.
    """
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx2

    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    return make(
        transport=httpx2.HTTPTransport(verify=store, proxy=proxy, limits=limits),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        event_hooks={"response": [_refuse_other_status]},
    )


@lru_cache(maxsize=1)
def _no_store() -> "ssl.SSLContext":
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def certificate_store() -> "ssl.SSLContext":
    """The certificates that are trusted: loaded in 50 ms, and anew where they changed.

    Raises:
        OSError: the environment names a file that cannot be read.
    """
    import ssl

    paths = ssl.get_default_verify_paths()  # as the environment names them
    places = (os.environ.get("SSL_CERT_FILE"), paths.cafile, paths.capath)
    stamps = tuple((place, _changed_ns(place)) for place in places if place)
    return _store_of(stamps, int(time.monotonic() / _STORE_S))


def _changed_ns(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns  # noqa: PTH116  # it is text
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _store_of(_stamps: tuple[tuple[str, int], ...], _hour: int) -> "ssl.SSLContext":
    import httpx2

    return httpx2.create_ssl_context()


def _headers(
    endpoint: Endpoint, key_headers: Mapping[str, str] | None, *, has_content: bool
) -> list[tuple[str, str]]:
    """All headers that leave, but for the host's name and the length. The key is in this place."""
    fields = [
        ("accept", "application/json, text/event-stream"),
        ("accept-encoding", "identity"),
        ("user-agent", f"notelog/{__version__}"),
    ]
    if has_content:
        fields.append(("content-type", "application/json"))
    key = endpoint.key
    if key_headers is not None:
        fields += key_headers.items()
    elif key and endpoint.profile.api_version:
        fields.append(("api-key", key))
    elif key:
        fields.append(("authorization", f"Bearer {key}"))
    return fields


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
