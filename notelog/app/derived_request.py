"""A request that is asked on the way to a reply, ready to be sent."""

from dataclasses import dataclass, replace

from notelog.app.prepare import Prepared
from notelog.core.budget import plan_budget
from notelog.core.derived import Purpose
from notelog.core.messages import Conversation
from notelog.core.models import ModelSpec
from notelog.core.request import build_request
from notelog.core.settings import Settings
from notelog.core.trim import plan_trim


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A request that is asked on the way to a reply.

    Attributes:
        key: names it in the journal.
        purpose: what for.
        label: the same for a person, such as ``part 3 of 17``.
        prepared: as it is sent.
        covers: what of a long text it is about; see ``core.digest_plan.Part``.
    """

    key: str
    purpose: Purpose
    label: str
    prepared: Prepared
    covers: str = ""


def prepare_whole(
    messages: Conversation,
    settings: Settings,
    spec: ModelSpec,
    *,
    wish: int | None,
    tokens: int,
    count_source: str,
) -> Prepared:
    """A request of all these messages, which are known to fit.

    Args:
        messages: what is sent.
        settings: of the request, but for ``max_tokens``.
        spec: the model.
        wish: the most tokens wished for the reply, or None.
        tokens: what the prompt has.
        count_source: where that figure comes from, for a person.
    """
    settings = replace(settings, max_tokens=wish)
    plan = replace(
        plan_trim(messages, model=spec, wish=wish, count=lambda _text, _encoding: 0),
        prompt_tokens=tokens,
        exact=spec.exact,
        bounded=False,
        completion_tokens=plan_budget(spec, wish).completion(tokens),
        count_source=count_source,
    )
    request = build_request(settings, spec, plan)
    return Prepared(settings=settings, spec=spec, plan=plan, request=request)
