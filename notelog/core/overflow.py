"""A server's refusal of a conversation that is too long: what it says, and what to ask instead.

The forms are those of the servers in use (2023 to 2026); each stands with its figures in
``tests/unit/test_overflow.py``. A token rate limit is no overflow: waiting helps there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from notelog.core.budget import plan_budget
from notelog.core.learned import Learned, taught
from notelog.core.models import ModelSpec

_MESSAGE_CHARS: Final = 8_000
"""As much of a message as is read for figures."""

BOUND_SHARE: Final = 0.8
"""How much of the window is used where the server only bounds the prompt's size from below."""

BLIND_SHARES: Final = (0.7, 0.8, 0.9, 0.97)
"""How much of a prompt is tried where the server gives no figures: the first that holds what must
be sent."""

_FOREIGN_TOKENS: Final = 10_000
"""What a server may add to a prompt by itself; a larger figure is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowFigures:
    """What a server says of a conversation that is too long. All in tokens, None where unsaid.

    Attributes:
        window: prompt and reply together, or the prompt alone where ``prompt_only``.
        prompt_only: the reply does not count against ``window``.
        output_limit: the most that a reply may have, whatever the prompt.
        prompt_tokens: the prompt as the server counted it.
        at_least: the server stopped counting there: ``prompt_tokens`` is a lower bound.
        completion_tokens: the reply that was asked for, by the request or by the server itself.
        total_tokens: prompt and reply together.
    """

    window: int | None = None
    prompt_only: bool = False
    output_limit: int | None = None
    prompt_tokens: int | None = None
    at_least: bool = False
    completion_tokens: int | None = None
    total_tokens: int | None = None


_RATE: Final = re.compile(
    r"(?:tokens?|requests?) (?:per|a) (?:second|min|minute|hour|day)|tokens/min|\b[io]?[tr]p[md]\b"
    r"|rate[ _-]?limit"
)
_WORDS: Final = re.compile(
    r"context_(?:length_)?exceeded|exceed_context_size|tokens_limit_reached|model_max_prompt_tokens"
    r"|context(?: |_)(?:length|window|limit|size)|context the overflows|maximum prompt length"
    r"|(?:prompt|input)s? (?:is|are|was) too (?:long|large)|too many (?:input )?tokens"
    r"|prompt exceeds max|range of input length|model token limit|max_prompt_tokens"
    r"|input (?:length|token count) .{0,80}exceed|token count .{0,80}exceeds? the (?:limit|maximum)"
    r"|input tokens exceed|maximum (?:input|model) length|reduce the length|prompt 超长"
    r"|max_new_tokens must be <=|inputs must have less than|too large for .{1,80} max size: \d+ tok"
    r"|cannot exceed \d+ - received",
    re.DOTALL,
)

# One pattern a form. Names: window, input (the prompt alone), prompt, extra (also of the prompt),
# least, total (prompt and reply), completion, output (limit), below and beyond (limits plus one).
_FORMS: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # what a reply may have
        r"supports at most (?P<output>\d+) (?:completion|output) tokens",
        r"max_tokens: (?P<completion>\d+) > (?P<output>\d+), which is the maximum",
        r"range of max_(?:completion_)?tokens (?:is|should be) \[\d+, ?(?P<output>\d+)\]",
        r"max_(?:completion_|output_)?tokens must be less than or equal to (?P<output>\d+)",
        r"max_(?:completion_|output_)?tokens.{0,60}expected a value <= (?P<output>\d+)",
        r"maximum tokens you requested exceeds the model limit of (?P<output>\d+)",
        r"maxoutputtokens value of (?P<completion>\d+) .{0,60}to (?P<beyond>\d+) \(exclusive\)",
        # the window, with what stands beside it
        r"context limit: (?P<prompt>\d+) \+ (?P<completion>\d+) > (?P<window>\d+)",
        r"prompt is too long: (?P<prompt>\d+)(?: tokens > (?P<window>\d+))?",
        (
            r"input token count (?:is )?\(?(?P<prompt>\d+)\)? .{0,50}"
            r"(?:tokens allowed|supports up to) \(?(?P<input>\d+)"
        ),
        r"maximum prompt length is (?P<input>\d+)(?: but the request contains (?P<prompt>\d+))?",
        r"range of input length should be \[\d+, ?(?P<input>\d+)\]",
        r"prompt contains (?P<prompt>\d+) tokens\b.{0,60}with (?P<window>\d+) maximum context",
        (
            r"input length \((?P<prompt>\d+) tokens\) exceeds the maximum allowed length"
            r" \((?P<window>\d+)"
        ),
        r"model token limit: (?P<window>\d+)(?: \(requested: (?P<total>\d+)\))?",
        (
            r"must be <= (?P<window>\d+)\. given: (?P<prompt>\d+) inputs tokens and"
            r" (?P<completion>\d+) max_new_tokens"
        ),
        r"inputs must have less than (?P<below>\d+) tokens\. given: (?P<prompt>\d+)",
        r"input tokens exceed the configured limit of (?P<input>\d+)",
        r"token count of (?P<prompt>\d+) exceeds the limit of (?P<input>\d+)",
        r"too large for .{1,80} max size: (?P<input>\d+) tokens",
        r"current length is (?P<total>\d+) while limit is (?P<window>\d+)",
        r"cannot exceed (?P<input>\d+) - received (?P<prompt>\d+)",
        r"input tokens \((?P<prompt>\d+)\) has exceeded max_prompt_tokens \((?P<input>\d+)\)",
        (
            r"prompt \(length (?P<prompt>\d+)\) is longer than the maximum model length of"
            r" (?P<window>\d+)"
        ),
        r"n_keep: (?P<prompt>\d+) ?>= ?n_ctx: (?P<window>\d+)",
        (
            r"context (?:length|window|size)(?: limit)?(?: is| of|:)?(?: only)? ?"
            r"\(?(?P<window>\d{2,})\b"
        ),
        # the prompt
        r"\b(?P<prompt>\d+) in the messages(?:, (?P<extra>\d+) in the (?:functions|tools))?",
        r"\b(?P<prompt>\d+) in your prompt",
        r"\b(?P<prompt>\d+) of text input(?:, (?P<extra>\d+) of tool input)?",
        r"messages resulted in (?P<prompt>\d+)",
        r"\b(?P<prompt>\d+) tokens (?:from|in) the (?:input )?messages",
        r"at least (?P<least>\d+) input tokens",
        r"(?:passed|has|contains) (?P<prompt>\d+) input tokens",
        r"request \((?P<prompt>\d+) tokens\)",
        r"(?:prompt tokens|the input) \((?P<prompt>\d+)(?: tokens)?\)",
        r"keep the first (?P<prompt>\d+)",
        # the reply, and both together
        r"\b(?P<completion>\d+) (?:tokens )?(?:in|for) the (?:completion|output)",
        r"requested (?P<completion>\d+) output",
        r"is too large: (?P<completion>\d+)\.",
        r"requested (?:about |a total of )?(?P<total>\d+) tokens(?! in the)",
        r"(?:output|requested) tokens \((?P<total>\d+)\) exceed",
    )
)


def read_overflow(
    message: str, kind: str = "", fields: Mapping[str, object] | None = None
) -> OverflowFigures | None:
    """What a refusal says of a conversation's length; None where it is about something else.

    Args:
        message: the server's words.
        kind: its type and code, in lower case.
        fields: the error's other fields: llama.cpp gives its figures there.
    """
    text = _plain(message)
    found = _found(text)
    if _RATE.search(f"{text} {kind}"):
        return None
    limit = found.get("output") or _less(found.get("beyond"))
    counted = bool(found.keys() & _LIMITS and found.keys() & _SIZES)
    if limit is None and not counted and not _WORDS.search(f"{text} {kind}"):
        return None
    window = _field(fields, "n_ctx") or found.get("window")
    prompt_window = found.get("input") or _less(found.get("below"))
    prompt, at_least = _prompt(found, fields)
    return OverflowFigures(
        window=window or prompt_window,
        prompt_only=window is None and prompt_window is not None,
        output_limit=limit,
        prompt_tokens=prompt,
        at_least=at_least,
        completion_tokens=found.get("completion"),
        total_tokens=found.get("total"),
    )


_LIMITS: Final = {"window", "input", "below"}
_SIZES: Final = {"prompt", "least", "total"}


def _plain(message: str) -> str:
    """The words in lower case, on one line, without marks inside numbers."""
    text = " ".join(message[:_MESSAGE_CHARS].lower().replace("`", "").split())
    return re.sub(r"(?<=\d)[,_](?=\d{3}(?!\d))", "", text)


def _found(text: str) -> dict[str, int]:
    """The first figure of each name."""
    found: dict[str, int] = {}
    for form in _FORMS:
        match = form.search(text)
        if match is not None and not found.keys() & _named(match):
            found |= {name: int(value[:9]) for name, value in match.groupdict().items() if value}
    return {name: figure for name, figure in found.items() if figure > 0}


def _named(match: re.Match[str]) -> set[str]:
    named = {name for name, value in match.groupdict().items() if value}
    return named | ({"prompt"} if "extra" in named else set())


def _prompt(
    found: Mapping[str, int], fields: Mapping[str, object] | None
) -> tuple[int | None, bool]:
    """The prompt's tokens, and whether they are only a lower bound."""
    told = _field(fields, "n_prompt_tokens")
    if told is not None:
        return told, False
    if "prompt" in found:
        return found["prompt"] + found.get("extra", 0), False
    return found.get("least"), "least" in found


def _field(fields: Mapping[str, object] | None, name: str) -> int | None:
    inner = (fields or {}).get("error")
    for item in (inner, fields):
        value = cast("Mapping[str, object]", item).get(name) if isinstance(item, dict) else None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _less(figure: int | None) -> int | None:
    return None if figure is None or figure < 2 else figure - 1  # noqa: PLR2004  # stays positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was refused.

    Attributes:
        spec: the model as it was fitted to.
        prompt_tokens: the prompt by our count.
        prompt_bytes: the size of its texts in UTF-8.
        max_tokens: the most tokens asked for the reply, or None.
    """

    spec: ModelSpec
    prompt_tokens: int
    prompt_bytes: int
    max_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerReply:
    """Asks for less of a reply, and sends the same messages.

    Attributes:
        spec: the model as the server taught it.
        max_tokens: the most tokens of the reply.
        prompt_tokens: the prompt as the server counted it; None where it did not.
    """

    spec: ModelSpec
    max_tokens: int
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimAgain:
    """Leaves out more.

    Attributes:
        spec: the model as the server taught it.
        wish: the most tokens of the reply.
        blind: it is a guess, with no figure of the server behind it.
    """

    spec: ModelSpec
    wish: int | None
    blind: bool = False


def plan_retry(
    refused: Refused, figures: OverflowFigures, *, first: bool
) -> Iterator[LowerReply | TrimAgain]:
    """What to send instead, the best first; none where nothing would help.

    Args:
        refused: what was sent.
        figures: what the server said of it.
        first: it is the first refusal; a second one of a prompt that is only bounded from below
            is not met by a guess at the reply again.
    """
    if figures.window is None:
        yield from _by_output(refused, figures)
        return
    learned = Learned(window=figures.window, prompt_only=figures.prompt_only)
    spec = replace(taught(refused.spec, learned), source="told by the server")
    counted = max(1, refused.prompt_tokens)
    told = _believed(refused, figures)
    if told is None or figures.at_least:
        prompt = round(max(told or 0, counted) / BOUND_SHARE)
        ratios = [max(1.0, (told or 0) / counted) / share for share in (BOUND_SHARE, 1.0)]
    else:
        prompt, ratios = told, [told / counted]
    exact = told if told is not None and not figures.at_least else None
    if not figures.prompt_only and (first or exact is not None):
        yield from _by_reply(refused, figures, spec, prompt, exact)
    for ratio in ratios:
        scaled = replace(spec, ratio=spec.ratio * ratio, exact=False)
        yield TrimAgain(spec=scaled, wish=_wish(refused, figures))
    yield from _blind(refused)


def _by_output(refused: Refused, figures: OverflowFigures) -> Iterator[LowerReply | TrimAgain]:
    limit = figures.output_limit
    if limit is None:
        yield from _blind(refused)
    elif refused.max_tokens is not None and refused.max_tokens > limit:
        spec = replace(refused.spec, output_limit=limit, source="told by the server")
        yield LowerReply(spec=spec, max_tokens=limit)


def _by_reply(
    refused: Refused,
    figures: OverflowFigures,
    spec: ModelSpec,
    prompt: int,
    exact: int | None,
) -> Iterator[LowerReply]:
    """A smaller reply, where a useful one fits beside the prompt."""
    wish = _wish(refused, figures)
    budget = plan_budget(spec, wish)
    room = spec.context_window - prompt - budget.margin
    if wish is not None and wish > room >= budget.reserve:
        yield LowerReply(spec=spec, max_tokens=room, prompt_tokens=exact)


def _blind(refused: Refused) -> Iterator[LowerReply | TrimAgain]:
    budget = plan_budget(refused.spec, refused.max_tokens)
    for share in BLIND_SHARES:
        limit = int(refused.prompt_tokens * share) + budget.margin
        spec = replace(refused.spec, input_limit=limit)
        yield TrimAgain(spec=spec, wish=refused.max_tokens, blind=True)
    if refused.max_tokens is not None and refused.max_tokens > budget.reserve:
        yield LowerReply(spec=refused.spec, max_tokens=budget.reserve)


def _wish(refused: Refused, figures: OverflowFigures) -> int | None:
    """The reply that was asked for; the server's own, where the request named none."""
    return figures.completion_tokens if refused.max_tokens is None else refused.max_tokens


def _believed(refused: Refused, figures: OverflowFigures) -> int | None:
    """The server's figure for the prompt, unless it cannot be: a token has at least one byte."""
    told = figures.prompt_tokens
    if told is None and figures.total_tokens is not None:
        told = figures.total_tokens - (_wish(refused, figures) or 0)
    most = refused.prompt_bytes + _FOREIGN_TOKENS
    return told if told is not None and 0 < told <= most else None
