import pytest

from notelog.adapters.origin import checked_origin, proxy_for


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
    origin = checked_origin(address, "p")
    assert origin.loopback is loopback
    assert origin.base_url == address.rstrip("/")


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
    assert proxy_for(checked_origin("https://api.example.com/v1", "p")) == proxy
    assert proxy_for(checked_origin("http://127.0.0.1/v1", "p")) is None
