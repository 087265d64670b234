"""A prompt that was cut without a word is told from one that was read."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from notelog.core.messages import Message, Role
from notelog.core.models import ModelSpec, resolve_model
from notelog.core.reply import Usage
from notelog.core.silent_cut import LEAST_REPORTED, SilentCut, find_silent_cut
from notelog.core.trim import TrimPlan, plan_trim

GPT = resolve_model("gpt-4o")
CLAUDE = replace(GPT, exact=False, ratio=1.8)


def words(text: str, _encoding: str) -> int:
    """A token a word."""
    return len(text.split())


def never(_text: str, _encoding: str) -> int:
    """A counter that must not be asked."""
    pytest.fail("nothing had to be counted")


def planned(
    spec: ModelSpec,
    *,
    exact: bool,
    text: str = "word " * 990,
    count: Callable[[str, str], int] = words,
) -> TrimPlan:
    """A plan for one message of 990 tokens and 7 of framing."""
    message = Message(role=Role.USER, content=text)
    return plan_trim((message,), model=spec, count=count, exact=exact)


def usage(prompt: int) -> Usage:
    """What a server says."""
    return Usage(prompt_tokens=prompt, completion_tokens=1)


def test_the_line_lies_at_six_tenths() -> None:
    """Below 0.6 of our count the prompt was cut."""
    plan = planned(GPT, exact=True)
    assert plan.prompt_tokens == 997
    assert find_silent_cut(plan, GPT, usage(599), never) is None
    cut = find_silent_cut(plan, GPT, usage(598), never)
    assert cut == SilentCut(read_tokens=598, sent_tokens=997)


def test_what_was_only_bounded_is_counted_where_it_matters() -> None:
    """A byte bound is no count: a suspicious figure is compared with a real one."""
    plan = planned(GPT, exact=False, count=never)
    assert plan.bounded
    assert find_silent_cut(plan, GPT, usage(1_000), never) is None
    assert find_silent_cut(plan, GPT, usage(700), words) is None
    cut = find_silent_cut(plan, GPT, usage(500), words)
    assert cut == SilentCut(read_tokens=500, sent_tokens=997)


@pytest.mark.parametrize("reported", [0, 7, LEAST_REPORTED - 1])
def test_a_server_that_does_not_count_is_let_be(reported: int) -> None:
    """No window is that small, and no figure is no figure."""
    plan = planned(GPT, exact=True)
    assert find_silent_cut(plan, GPT, usage(reported), never) is None
    assert find_silent_cut(plan, GPT, None, never) is None


def test_a_generous_estimate_accuses_nobody() -> None:
    """Where a family's ratio is that of its worst texts, plain ones may have far fewer tokens."""
    plan = planned(CLAUDE, exact=True)
    assert plan.prompt_tokens > 1_700
    assert find_silent_cut(plan, CLAUDE, usage(997), words) is None
    assert find_silent_cut(plan, CLAUDE, usage(600), words) is not None
