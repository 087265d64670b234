from dataclasses import replace

import pytest
from asking import question

from notelog.core.counting import NoteView
from notelog.core.messages import Message, Role
from notelog.core.retry import RetryPolicy, correct, http_date, retry_after_s, wait_in_message
from notelog.core.trim import LEFT_OUT_NOTICE
from notelog.errors import ProviderRefusedError

WAITS = [
    ("3", 3.0),
    (" 1.5 ", 1.5),
    ("0", 0.0),
    ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
    ("Sun, 06 Nov 1994 08:49:07 GMT", 0.0),
    ("-1", None),
    ("soon", None),
    ("", None),
    ("nan", None),
    ("9" * 40, None),
]


@pytest.mark.parametrize(("value", "wait"), WAITS)
def test_retry_after(value: str, wait: float | None) -> None:
    """Seconds and HTTP dates are waits of at least 0; all else is none."""
    now = http_date("Sun, 06 Nov 1994 08:49:37 GMT")
    assert now is not None
    assert retry_after_s(value, now=now) == wait


@pytest.mark.parametrize(
    ("message", "wait"),
    [
        ("Please try again in 20s.", 20.0),
        ("Please try again in 6m0.5s. Visit", 360.5),
        ("please retry in 250ms", 0.25),
        ("try again in 1h2m3s", 3723.0),
        ("Please retry in 12.5s.", 12.5),
        ("try again later", None),
        ("try again in ...s", None),
    ],
)
def test_the_wait_in_a_message(message: str, wait: float | None) -> None:
    """Rate limits that name their wait in words are understood."""
    assert wait_in_message(message) == wait


def _wait(failures: int, **changed: float | bool | None) -> float | None:
    known: dict[str, float | bool | None] = {
        "busy": True,
        "retry_after_s": None,
        "waited_s": 0.0,
        "chance": 0.5,
    } | changed
    asked_for = known["retry_after_s"]
    return RetryPolicy().wait_s(
        failures,
        busy=bool(known["busy"]),
        retry_after_s=None if asked_for is None else float(asked_for),
        waited_s=float(known["waited_s"] or 0),
        chance=float(known["chance"] or 0),
    )


def test_waits_grow_and_end() -> None:
    """Each wait is longer than the last, and after four busy answers there is none."""
    waits = [_wait(failures) for failures in (1, 2, 3)]
    assert waits == [0.75, 1.5, 3.0]
    assert _wait(4) is None


def test_a_server_that_is_not_reached_is_given_up_sooner() -> None:
    """Three attempts, with short waits: a person is looking."""
    waits = [_wait(failures, busy=False) for failures in (1, 2)]
    assert all(wait is not None and wait < 1 for wait in waits)
    assert _wait(3, busy=False) is None


def test_what_the_server_asks_for_is_never_undercut() -> None:
    """A Retry-After is a least wait; chance only adds to it."""
    for chance in (0.0, 0.999):
        wait = _wait(1, retry_after_s=9.0, chance=chance)
        assert wait is not None
        assert 9.0 <= wait < 9.3


def test_all_waits_together_are_bounded() -> None:
    """A wait that would pass the total is not begun."""
    assert _wait(1, retry_after_s=121.0) is None
    assert _wait(2, retry_after_s=30.0, waited_s=100.0) is None


def _refusal(said: str, parameter: str = "", status: int = 400) -> ProviderRefusedError:
    return ProviderRefusedError("no", status=status, said=said, parameter=parameter)


def test_the_token_limit_changes_its_name_both_ways() -> None:
    """Servers that know only one of the two names get that one."""
    request = question(max_tokens=5)
    there = correct(
        request, _refusal("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
    )
    assert there is not None
    assert there.request.max_tokens_parameter == "max_completion_tokens"
    back = correct(there.request, _refusal("Unknown field max_completion_tokens"))
    assert back is not None
    assert back.request.max_tokens_parameter == "max_tokens"


@pytest.mark.parametrize(
    ("said", "parameter", "left_out"),
    [
        ("Unsupported value: 'temperature' does not support 0.2", "temperature", "temperature"),
        ("Unsupported parameter: stop", "", "stop"),
        ("`temperature` and `top_p` cannot both be specified", "", "top_p"),
        ("Extra inputs are not permitted", "presence_penalty", "presence_penalty"),
    ],
)
def test_a_setting_that_is_not_taken_is_left_out(said: str, parameter: str, left_out: str) -> None:
    """The one setting that a server rejects goes, the others stay, and it is said."""
    request = question(temperature=0.2, top_p=0.5, stop=["x"], presence_penalty=1)
    correction = correct(request, _refusal(said, parameter))
    assert correction is not None
    assert set(request.sampling) - set(correction.request.sampling) == {left_out}
    assert correction.request.left_out == (left_out,)
    assert left_out in correction.sentence


@pytest.mark.parametrize(
    "said",
    [
        "Jinja Exception: System message must be at the beginning.",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "System role not supported",
    ],
)
def test_the_notice_goes_where_a_template_takes_none(said: str) -> None:
    """A model's template may take one system message: notelog's own is the one that goes."""
    asked = question()
    notice = NoteView().notice(LEFT_OUT_NOTICE)
    rules = Message(role=Role.SYSTEM, content="Be kind.")
    request = replace(asked, messages=(rules, notice, *asked.messages))
    correction = correct(request, _refusal(said))
    assert correction is not None
    assert correction.request.messages == (rules, *asked.messages)
    assert "not told" in correction.sentence
    assert correct(correction.request, _refusal(said)) is None


def test_a_server_that_does_not_stream_is_asked_without() -> None:
    """Where streaming is refused the reply is asked for in one piece."""
    correction = correct(question(), _refusal("must be verified to stream this model", "stream"))
    assert correction is not None
    assert not correction.request.stream


@pytest.mark.parametrize(
    "refusal",
    [
        _refusal("max_tokens is too large: 32000. Supports at most 16384", "max_tokens"),
        _refusal("temperature must be at most 2", "temperature"),
        _refusal("Unsupported parameter: 'seed'", "seed"),
        _refusal("messages[0].role does not support 'system'", "messages[0].role"),
        _refusal("Unsupported parameter: 'temperature'", "temperature", status=403),
        _refusal(""),
    ],
)
def test_what_is_not_corrected(refusal: ProviderRefusedError) -> None:
    """Values out of range, what was not sent, roles and other statuses are the person's to see."""
    assert correct(question(max_tokens=5, temperature=9), refusal) is None
