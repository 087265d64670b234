"""Where a key may go: the addresses that may be asked, and the way to them."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from notelog.core.origin import is_loopback
from notelog.errors import ConfigurationError

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address that may be asked.

    Attributes:
        base_url: as it is used.
        host: for sentences.
        loopback: it is this machine: no proxy, and plain http is allowed.
        secure: it is https.
    """

    base_url: str
    host: str
    loopback: bool
    secure: bool


def checked_address(base_url: str, profile: str) -> Address:
    """Checks a base_url before anything goes there.

    Raises:
        ConfigurationError: it is no http(s) address, holds a password, or would carry the key in
            the clear over a network.
    """
    parts = _split(base_url, profile)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not _is_host(host):
        raise _wrong(profile, "is no address that starts with https://")
    if "@" in parts.netloc or any(mark in base_url for mark in "?#"):
        raise _wrong(profile, "holds more than an address (a user, a query or a #)")
    loopback = is_loopback(host)
    secure = parts.scheme == "https"
    if not (secure or loopback):
        raise _wrong(profile, f"is plain http, and {host} is not this machine")
    return Address(base_url=base_url.rstrip("/"), host=host, loopback=loopback, secure=secure)


def proxy_for(address: Address) -> str | None:
    """The proxy that the system names for an address; never one for this machine.

    ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, or the settings of macOS and Windows.
    """
    if address.loopback:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or proxy_bypass(address.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _split(base_url: str, profile: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        parts.port  # noqa: B018  # the port is read, and checked, only when asked for
    except ValueError as error:
        raise _wrong(profile, "is no address") from error
    if any(character <= " " or character > "~" or character == "\\" for character in base_url):
        raise _wrong(profile, "holds characters that an address cannot have")
    return parts


def _is_host(host: str) -> bool:
    return bool(_HOST.match(host)) or ":" in host


def _wrong(profile: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the base_url of profile {profile} {why}",
        hint='write base_url = "https://HOST/v1"; plain http is for 127.0.0.1 and localhost only',
    )
