"""No exception of the openai package or its HTTP library is left untranslated."""

import inspect

import httpx2  # noqa: TID253  # its classes are the cases
import openai  # noqa: TID253  # its classes are the cases
import pytest
from asking import endpoint_for
from openai import _exceptions  # noqa: TID253  # its classes are the cases

from notelog.adapters.openai_chat import translated
from notelog.core.refusal import Asked
from notelog.errors import InDoubtError, ProviderUnavailableError


def _classes() -> list[type[Exception]]:
    found = {
        member
        for module in (openai, _exceptions, httpx2)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Exception) and not issubclass(member, Warning)
    }
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


ASKED = Asked(profile="scripted", model="m", key="", key_source="nowhere")


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_every_foreign_exception_is_translated(kind: type[Exception]) -> None:
    """Before bytes left it is unavailable, after that in doubt, with words of ours."""
    error = kind.__new__(kind)
    endpoint = endpoint_for("https://example.com/v1")
    before = translated(error, endpoint, ASKED, sent=False)
    after = translated(error, endpoint, ASKED, sent=True)
    assert isinstance(before, ProviderUnavailableError)
    assert isinstance(after, InDoubtError)
    assert "scripted" in before.message
    assert "scripted" in after.message


def test_the_classes_are_found() -> None:
    """The table is not empty: both libraries' roots are in it."""
    assert {openai.OpenAIError, openai.RateLimitError, httpx2.HTTPError} <= set(_classes())


def test_a_fault_of_our_own_is_not_hidden() -> None:
    """An exception that nobody knows is raised as it is."""
    with pytest.raises(ZeroDivisionError):
        translated(ZeroDivisionError(), endpoint_for("https://x.example"), ASKED, sent=True)
