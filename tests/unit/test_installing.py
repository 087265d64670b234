"""How notelog is installed again: from a clone, since it is on no registry."""

import importlib.metadata
from importlib.metadata import PackageNotFoundError

import pytest

from notelog.adapters.installing import install_again


@pytest.mark.parametrize(
    ("wished", "there", "place"),
    [
        ("", set[str](), "."),
        ("local", set[str](), '".[local]"'),
        ("keyring", {"xllamacpp"}, '".[local,keyring]"'),
        ("local", {"xllamacpp"}, '".[local]"'),
        ("", {"keyring"}, '".[keyring]"'),
    ],
)
def test_extras_that_are_there_stay(
    monkeypatch: pytest.MonkeyPatch, wished: str, there: set[str], place: str
) -> None:
    """Each of the three ways names the folder of the clone, and no extra is lost by it."""

    def version(name: str) -> str:
        if name not in there:
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", version)
    told = install_again(wished)
    for way in (
        "uv tool install --reinstall",
        "pipx install --force",
        "pip install --force-reinstall",
    ):
        assert f"{way} {place}" in told
    assert "clone" in told
    assert "notelog[" not in told
