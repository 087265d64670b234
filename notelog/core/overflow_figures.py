"""A server's refusal of a conversation that is too long, read: what it says in which words.

The forms are those of the servers in use (2023 to 2026); each stands with its figures in
``tests/unit/test_overflow.py``. A token rate limit is no overflow: waiting helps there.
"""

import re
from collections.abc import Mapping
from typing import Final, cast

from notelog.core.overflow import OverflowFigures

_MESSAGE_CHARS: Final = 8_000
"""As much of a message as is read for figures."""

_RATE: Final = re.compile(
    r"(?:tokens?|requests?) (?:per|a) (?:second|min|minute|hour|day)|tokens/min|\b[io]?[tr]p[md]\b"
    r"|rate[ _-]?limit|throttl|\bquota\b|\bdaily\b|\bmonthly\b"
    r"|(?:this|per) (?:month|day|hour|minute)"
    r"|please wait|wait before|(?:try again|retry) (?:later|after|in \d)"
)
_WORDS: Final = re.compile(
    r"context_(?:length_)?exceeded|exceed_context_size|tokens_limit_reached|model_max_prompt_tokens"
    r"|context(?: |_)(?:length|window|limit|size)|context the overflows|maximum prompt length"
    r"|(?:prompt|input)s? (?:is|are|was) too (?:long|large)|too many (?:input )?tokens"
    r"|prompt exceeds max|range of input length|model token limit|max_prompt_tokens"
    r"|input (?:length|token count) .{0,80}exceed|token count .{0,80}exceeds? the (?:limit|maximum)"
    r"|input tokens exceed|maximum (?:input|model) length|reduce the length|prompt 超长"
    r"|max_new_tokens must be <=|inputs must have less than|too large for .{1,80} max size: \d+ tok"
    r"|cannot exceed \d+ - received|token limit exceeded|context[ _]exceeded"
    r"|\b(?:conversation|context|messages?|chat|input|prompt)s?"
    r"(?: (?:is|are|was|were|has become))?[ _]too[ _](?:long|large|big)\b"
    r"|(?:上下文|输入|提示词?|对话|token).{0,30}(?:超过|超出|超限|过长|超长|太长)",
    re.DOTALL,
)

# Words of any server for one figure over another: with two figures beside them they are enough.
_OVER: Final = re.compile(
    r"exceed|too (?:long|large|big|many)|longer than|larger than|only supports|supports only|limit"
    r"|maximum|available|\d ?(?:>|/) ?\d|超过|超出|最大"
)
_ABOUT: Final = re.compile(r"tokens\b|token (?:limit|count)|context|prompt|上下文|输入")
_FIGURE: Final = re.compile(r"(?<![a-z0-9_.\-])\d{3,9}(?![a-z0-9_\-]|\.\d)")
_LIMIT: Final = re.compile(
    r"(?:limit|maximum|\bmax|support|up to|window|only|at most)[^.\d]{0,40}(\d{3,9}) tokens?\b"
    r"|(?:最大|上限|限制)[^。\d]{0,20}(\d{3,9})"
)
_PROMPT_BEFORE: Final = re.compile(
    r"(?:prompt|input|messages?|conversation|输入|提示)[^.;\d]{0,40}$"
)
_LEAST_WINDOW: Final = 256

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
        (
            r"\b(?P<prompt>\d+)(?: \w+)? ?\+ ?(?:[a-z_ ]{0,30})(?P<completion>\d+)"
            r"(?: [a-z_]+)? ?(?:>|exceeds?(?: the)?|is (?:more|larger|greater) than)"
            r" ?(?P<window>\d+)"
        ),
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
        r"limit for this model is (?P<window>\d+)",
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
    if not found.keys() & ({"output", "beyond"} | _SIZES):
        found = _two_figures(text, found.get("window")) | found
    if _RATE.search(f"{text} {kind}"):
        return None
    limit = found.get("output") or _less(found.get("beyond"))
    counted = bool(found.keys() & _LIMITS and found.keys() & _SIZES)
    if limit is None and not counted and not _WORDS.search(f"{text} {kind}"):
        return None
    window = _field(fields, *_WINDOW_FIELDS) or found.get("window")
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


# llama.cpp's names, and those that others give the same.
_WINDOW_FIELDS: Final = ("n_ctx", "context_length", "max_context_length", "context_window",
                         "max_model_len")  # fmt: skip
_PROMPT_FIELDS: Final = ("n_prompt_tokens", "prompt_tokens", "input_tokens", "num_prompt_tokens")
_LIMITS: Final = {"window", "input", "below"}
_SIZES: Final = {"prompt", "least", "total"}


def _plain(message: str) -> str:
    """The words in lower case, on one line, without marks inside numbers."""
    text = " ".join(message[:_MESSAGE_CHARS].lower().replace("`", "").split())
    text = re.sub(r"(?<=\d)[,_.'’](?=\d{3}(?!\d))", "", text)
    return _SPACED.sub(lambda found: found[0].replace(" ", ""), text)


_SPACED: Final = re.compile(r"(?<![\d.])\d{1,3}(?: \d{3})+(?= (?:\w+ )?tokens?\b|[,.;:)]|$)")


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
    told = _field(fields, *_PROMPT_FIELDS)
    if told is not None:
        return told, False
    if "prompt" in found:
        return found["prompt"] + found.get("extra", 0), False
    return found.get("least"), "least" in found


def _field(fields: Mapping[str, object] | None, *names: str) -> int | None:
    """The first of some fields, of an error or of what it stands in."""
    inner = (fields or {}).get("error")
    for item in (inner, fields):
        if isinstance(item, dict):
            said = cast("Mapping[str, object]", item)
            for value in map(said.get, names):
                if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                    return value
    return None


def _two_figures(text: str, known: int | None) -> dict[str, int]:
    """Window and prompt in words that no form knows: the larger is what exceeds the smaller."""
    if not _ABOUT.search(text) or (known is None and not _OVER.search(text)):
        return {}
    figures = {int(found[0]): found.start() for found in _FIGURE.finditer(text)}
    match sorted(figure for figure in figures if figure >= _LEAST_WINDOW):
        case [window, size] if known in {window, None}:
            own = _PROMPT_BEFORE.search(text, 0, figures[size])
            return {"window": window, "prompt" if own else "total": size}
        case [window] if _LIMIT.search(text):
            return {"window": window}
        case _:
            return {}


def _less(figure: int | None) -> int | None:
    return None if figure is None or figure < 2 else figure - 1  # noqa: PLR2004  # stays positive
