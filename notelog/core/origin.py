"""Origins of web addresses, to compare: scheme, host and port (RFC 6454, section 4)."""

import re
from dataclasses import dataclass
from functools import lru_cache

_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:[^/?#\\]*@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^\s/?#\\:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_MOST_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an address leads. All names of the loopback host are one: ``localhost``."""

    scheme: str
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        return self.host == "localhost"

    def __str__(self) -> str:
        usual = _DEFAULT_PORTS[self.scheme] == self.port
        return f"{self.scheme}://{self.host}" + ("" if usual else f":{self.port}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; an IPv6 address with or without brackets."""
    if host.rstrip(".").lower() == "localhost":
        return True
    from ipaddress import ip_address  # only where an address has to be looked at

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=16)
def origin_of(address: str) -> Origin | None:
    """The origin of an http or https address; None for anything else.

    A missing scheme is read as a person means it: http on this machine, https elsewhere.
    """
    match = _ADDRESS.fullmatch(address.strip())
    if match is None:
        return None
    host = match["host"].lower()
    if is_loopback(host):
        host = "localhost"
    scheme = (match["scheme"] or ("http" if host == "localhost" else "https")).lower()
    if scheme not in _DEFAULT_PORTS:
        return None
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    return Origin(scheme, host, port) if 0 < port <= _MOST_PORT else None
