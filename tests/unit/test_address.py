import pytest

from notelog.adapters.address import checked_address, proxy_for
from notelog.core.origin import is_loopback, origin_of
from notelog.errors import ConfigurationError


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("http://127.0.0.1:8080/v1/", True),
        ("http://127.8.9.1/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://LOCALHOST.:1/v1", True),
        ("http://[::1]:1234/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://192.168.0.7:8443/v1", False),
        ("https://me.openai.azure.com/openai/deployments/x", False),
    ],
)
def test_addresses_that_may_be_asked(address: str, loopback: bool) -> None:  # noqa: FBT001  # a table
    """Https anywhere, http on this machine; a slash at the end does not matter."""
    found = checked_address(address, "p")
    assert found.loopback is loopback
    assert found.base_url == address.rstrip("/")


@pytest.mark.parametrize("end", ["?", "#", "?a=b", "#a", "/?", "/#"])
def test_an_address_ends_with_its_path(end: str) -> None:
    """What follows it would be no path any more."""
    with pytest.raises(ConfigurationError):
        checked_address(f"https://api.example.com/v1{end}", "p")


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({"https_proxy": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"all_proxy": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "http://proxy.example:3128", "no_proxy": "example.com"}, None),
        ({"http_proxy": "http://proxy.example:3128"}, None),
        ({}, None),
    ],
)
def test_the_proxy_of_the_system(
    environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are reached through the system's proxy, unless it makes an exception of them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(checked_address("https://api.example.com/v1", "p")) == proxy
    assert proxy_for(checked_address("http://127.0.0.1/v1", "p")) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.0.9", "::1", "[::1]", "[0:0:0:0:0:0:0:1]"])
def test_this_machine(host: str) -> None:
    """All addresses of the loopback host are one origin, and may be asked in the clear."""
    assert is_loopback(host)
    shown = host if "." in host or host.startswith("[") else f"[{host}]"
    assert origin_of(f"http://{shown}:80/v1") == origin_of("localhost")


@pytest.mark.parametrize("host", ["127.999.0.1", "127.0.0.1.example", "localhost.example", "::2"])
def test_other_machines(host: str) -> None:
    """What only looks like an address of this machine is none."""
    assert not is_loopback(host)
