import json

import pytest

from notelog.core.refusal import Asked, refusal, refusal_in_stream
from notelog.errors import (
    InDoubtError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

KEY = "sk-secret-0123456789"
ASKED = Asked(profile="openai", model="gpt-x", key=KEY, key_source="environment variable K")


def _of(status: int, body: object) -> NotelogError:
    return refusal(status, json.dumps(body).encode(), ASKED)


def test_a_message_is_made_harmless() -> None:
    """Controls and bidi are spelt out, the key is masked, the length is bounded."""
    message = f"bad\x1b]0;title\x07 \u202egnp.exe {KEY} {KEY.upper()} " + "x" * 2_000
    error = _of(400, {"error": {"message": message}})
    assert KEY.lower() not in error.message.lower()
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message
    assert "\\x1b" in error.message
    assert len(error.message) < 600


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "the reason"}}, "the reason"),
        ({"error": "the reason"}, "the reason"),
        ({"message": "the reason", "object": "error"}, "the reason"),
        ({"detail": "the reason"}, "the reason"),
        ({"detail": [{"loc": ["body", "stop"], "msg": "the reason"}]}, "stop: the reason"),
        ({"message": {"detail": [{"loc": ["body", "n"], "msg": "the reason"}]}}, "n: the reason"),
        ([{"error": {"code": 400, "message": "the reason", "status": "INVALID"}}], "the reason"),
        ({"error": {"message": "", "metadata": {"raw": "the reason"}}}, "the reason"),
    ],
)
def test_the_dialects_of_errors(body: object, words: str) -> None:
    """The server's words are found in every shape that servers give them."""
    error = _of(400, body)
    assert isinstance(error, ProviderRefusedError)
    assert error.said == words


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"null", b"3", b'{"error": []}'])
def test_a_body_that_says_nothing(body: bytes) -> None:
    """Whatever the body is, the status alone gives a sentence and a hint."""
    error = refusal(401, body, ASKED)
    assert isinstance(error, ProviderRefusedError)
    assert "environment variable K" in error.hint


def test_a_page_is_told_without_its_tags() -> None:
    """An HTML error page gives its words."""
    error = refusal(404, b"<html><style>x{}</style><h1>Not Found</h1></html>", ASKED)
    assert isinstance(error, ProviderRefusedError)
    assert error.said == "Not Found"
    assert "/v1" in error.hint


def test_a_missing_model_and_a_missing_address_differ() -> None:
    """404 is the model's name or base_url, told by the words."""
    model = _of(404, {"error": {"message": "The model `gpt-x` does not exist"}})
    assert "gpt-x" in model.message
    assert "/v1" in _of(404, {"detail": "Not Found"}).hint


def test_a_model_that_nobody_serves_is_no_wrong_address() -> None:
    """OpenRouter answers 404 for a model without an endpoint: the address is right."""
    error = _of(404, {"error": {"message": "No endpoints found for foo/bar.", "code": 404}})
    assert "nobody who serves" in error.message
    assert "/v1" not in error.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"error": {"code": 403, "message": "Your chosen model requires moderation and your"
                         ' input was flagged for "violence". No credits were charged.'}}),
        (400, {"error": {"code": "content_filter", "message": "The response was filtered due to"
                         " the prompt triggering Azure OpenAI's content management policy."}}),
    ],
)  # fmt: skip
def test_a_text_that_is_declined_is_neither_key_nor_setting(status: int, body: object) -> None:
    """Moderation of OpenRouter and Azure: nothing about key, country or model is to be mended."""
    error = _of(status, body)
    assert "declines this text" in error.message
    assert error.hint == "say it in other words and ask again"


def test_a_quota_that_refills_is_a_rate_limit() -> None:
    """Words of a quota are final, unless a wait stands beside them."""
    words = "You exceeded your current quota, please check your plan and billing details."
    assert isinstance(_of(429, {"error": {"message": words}}), ProviderRefusedError)
    waiting = _of(429, {"error": {"message": f"{words} Please retry in 12.5s."}})
    assert isinstance(waiting, ProviderUnavailableError)
    assert waiting.retry_after_s == 12.5


def test_an_unknown_system_role_is_told() -> None:
    """A model without system messages is named as such, not as a wrong setting."""
    error = _of(400, {"error": {"message": "role 'system' is not supported with this model"}})
    assert "system messages" in error.message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": 401, "message": "no"}}, ProviderRefusedError),
        ({"error": {"type": "invalid_request_error"}}, ProviderRefusedError),
        ({"error": {"code": "context_length_exceeded", "message": "x"}}, ProviderRefusedError),
        ({"error": {"code": 429, "message": "slow down"}}, ProviderRefusedError),
        ({"error": {"code": 502, "message": "upstream"}}, InDoubtError),
        ({"error": {"code": 408}}, InDoubtError),
        ({"error": {"type": "overloaded_error"}}, InDoubtError),
        ({"error": "boom"}, InDoubtError),
    ],
)
def test_an_error_in_place_of_the_first_part(
    body: dict[str, object], kind: type[NotelogError]
) -> None:
    """Only an error of the request itself is a refusal once a model may have begun."""
    decoded = json.loads(json.dumps(body))
    assert isinstance(refusal_in_stream(decoded, ASKED), kind)


def test_nobody_is_told_of_bills_that_cannot_come() -> None:
    """An unbilled profile's errors do not speak of bills."""
    free = Asked(profile="local", model="m", key="", key_source="", billed=False)
    assert "billed" in _of(500, {}).message
    assert "billed" not in refusal(500, b"", free).message
    assert "secret" not in repr(ASKED)
