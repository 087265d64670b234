"""A server's list of its models, and what it says of a model and of this machine's clock."""

import json
import re
from dataclasses import dataclass
from typing import cast

from notelog.core.checkup import Remark, fail, ok, warn
from notelog.core.settings import Profile
from notelog.core.suggest import did_you_mean
from notelog.core.visible import shortened
from notelog.errors import NotelogError, ProviderRefusedError

MOST_SKEW_S = 120.0
"""A clock that is further off counts caps into wrong hours, and certificates may seem invalid."""

_SHOWN_MODELS = 5
_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})\Z")
_ANSWERS_ANY_NAME = frozenset({"llamacpp"})
_NO_LIST = frozenset({404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelList:
    """What a server lists.

    Attributes:
        names: of its models, in its order.
        any_name: it answers with its one model, whatever name is asked for.
        server_time: seconds since the epoch by its own clock; None where it does not say.
    """

    names: tuple[str, ...]
    any_name: bool = False
    server_time: float | None = None


def parse_model_list(data: bytes, server_time: float | None = None) -> ModelList:
    """Reads the answer to ``GET /models`` (OpenAI API reference, "List models").

    Raises:
        ValueError: it is no such list.
    """
    try:
        found: object = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(found, dict):
        found = cast("dict[str, object]", found).get("data")
    if not isinstance(found, list):
        raise ValueError("no list")  # noqa: TRY004  # the caller tells one kind of wrong answer
    entries = [
        cast("dict[str, object]", item)
        for item in cast("list[object]", found)
        if isinstance(item, dict)
    ]
    owners = {item.get("owned_by") for item in entries}
    return ModelList(
        names=tuple(name for item in entries if isinstance(name := item.get("id"), str) and name),
        any_name=len(entries) == 1 and bool(owners & _ANSWERS_ANY_NAME),
        server_time=server_time,
    )


def judge_answer(answer: ModelList | NotelogError, profile: Profile) -> Remark:
    """Whether the server of a profile was reached, and takes the key."""
    place = f"{profile.name} at {profile.base_url}"
    if isinstance(answer, ModelList):
        return ok("server", f"{place} answers, and lists {_counted(len(answer.names))}")
    if not (isinstance(answer, ProviderRefusedError) and answer.status in _NO_LIST):
        return fail("server", answer.message, answer.hint)
    if profile.api_version:  # Azure has no list below a deployment
        return warn(
            "server",
            f"{place} answers, and has no list of models there ({answer.status})",
            "key and model show with the first question",
        )
    return fail(
        "server",
        f"{place} knows no such address ({answer.status})",
        "check base_url: it usually ends in /v1. A few servers list no models and answer"
        " questions all the same: `notelog complete` with a short note tells",
    )


def judge_model(listed: ModelList, model: str, profile: Profile) -> Remark:
    """Whether the server has the model.

    Args:
        listed: what it has.
        model: the one that notes get where they name none; may be empty.
        profile: the server.
    """
    known = listed.names[:_SHOWN_MODELS]
    some = ", ".join(shortened(name, 60) for name in known) or "none"
    more = ", ..." if len(listed.names) > len(known) else ""
    if not model:
        return warn(
            "model",
            f"profile {profile.name} has no model of its own: each note has to name one",
            f'set model = "NAME" under [profiles.{profile.name}]; the server has: {some}{more}',
        )
    if listed.any_name or any(_is_called(name, model) for name in listed.names):
        return ok("model", f"{profile.name} has {shortened(model, 100)}")
    return fail(
        "model",
        f"{profile.name} does not list the model {shortened(model, 100)!r}",
        did_you_mean(model, listed.names, then=f"the server has: {some}{more}"),
    )


def _is_called(listed: str, model: str) -> bool:
    """Whether a listed name is what a request calls ``model``.

    Gemini lists ``models/NAME``, Ollama ``NAME:latest``, Anthropic names with a date after them;
    OpenRouter takes ``NAME:free`` and other variants of what it lists.
    """
    name, asked = (text.casefold().removeprefix("models/") for text in (listed, model))
    if name in {asked, f"{asked}:latest"}:
        return True
    if "/" in name and asked.startswith(f"{name}:"):
        return True
    return _DATED.sub("", name) == asked.removesuffix("-latest")


def judge_clock(server_time: float, now: float) -> Remark:
    """Whether this machine's clock agrees with the server's. Both in seconds since the epoch."""
    skew = now - server_time
    if abs(skew) <= MOST_SKEW_S:
        return ok("clock", "within two minutes of the server's")
    direction = "ahead of" if skew > 0 else "behind"
    return warn(
        "clock",
        f"{_span(abs(skew))} {direction} the server's",
        "let the system set it, such as with: timedatectl set-ntp true. Caps are counted by it",
    )


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def _counted(models: int) -> str:
    return f"{models:,} model{'' if models == 1 else 's'}"
