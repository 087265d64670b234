from notelog.core.json_value import JsonValue
from notelog.core.messages import Message, Role
from notelog.core.models import ModelSpec
from notelog.core.request import build_request
from notelog.core.settings import KeySource, Profile, Settings
from notelog.core.trim import TrimPlan

KEPT = (Message(role=Role.SYSTEM, content="short"), Message(role=Role.USER, content="hi"))


def _settings(sampling: dict[str, JsonValue], *, stream: bool = True) -> Settings:
    return Settings(
        profile=Profile(name="p", base_url="https://example.com/v1", key=KeySource()),
        model="gpt-x",
        sampling=sampling,
        max_tokens=99,
        context_window=None,
        stream=stream,
        origins={},
    )


def _plan(completion_tokens: int | None) -> TrimPlan:
    return TrimPlan(
        kept=KEPT,
        dropped=(),
        window=100,
        budget=90,
        prompt_tokens=5,
        exact=True,
        bounded=False,
        completion_tokens=completion_tokens,
        count_source="test",
    )


def test_the_plan_decides_what_is_sent() -> None:
    """Messages and token limit are the plan's, the name of the limit the model's."""
    spec = ModelSpec(name="gpt-x", context_window=100, max_tokens_parameter="max_completion_tokens")
    body = build_request(_settings({"temperature": 0.5}), spec, _plan(42)).body()
    assert body == {
        "model": "gpt-x",
        "messages": [{"role": "system", "content": "short"}, {"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "max_completion_tokens": 42,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_an_unset_limit_is_left_out() -> None:
    """Where nobody set a limit and no stream is wanted, neither is in the body."""
    spec = ModelSpec(name="gpt-x", context_window=100)
    body = build_request(_settings({}, stream=False), spec, _plan(None)).body()
    assert set(body) == {"model", "messages"}


def test_reasoning_models_get_no_sampling_settings() -> None:
    """What such models reject is left out, and known as left out."""
    spec = ModelSpec(name="o3", context_window=100, reasoning=True)
    request = build_request(_settings({"temperature": 0.5, "stop": "x", "seed": 1}), spec, _plan(9))
    assert request.sampling == {"seed": 1}
    assert request.left_out == ("temperature", "stop")


def test_a_setting_cannot_replace_the_request() -> None:
    """Settings that have a place of their own, and ``n``, do not reach the body by another way."""
    spec = ModelSpec(name="gpt-x", context_window=100)
    smuggled: dict[str, JsonValue] = {"messages": [], "model": "dear", "n": 9, "max_tokens": 1}
    body = build_request(_settings(smuggled), spec, _plan(9)).body()
    assert body["model"] == "gpt-x"
    assert body["max_tokens"] == 9
    assert "n" not in body
    assert body["messages"]
