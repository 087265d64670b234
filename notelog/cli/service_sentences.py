"""What ``notelog service`` shows before it does anything."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from notelog.core.service import Action

if TYPE_CHECKING:
    from notelog.app.service import ServicePlan


def plan_lines(plan: "ServicePlan") -> Iterator[str]:
    """The file, what is run after it is written, and what to know."""
    yield f"{plan.path}:"
    yield ""
    yield from (f"  {line}" for line in plan.text.rstrip("\n").split("\n"))
    yield ""
    yield "and then:"
    yield from (f"  {' '.join(step.words)}" for step in plan.steps(Action.INSTALL))
    yield ""
    if plan.kind.sandbox_trial is not None and not plan.service.sandbox:
        yield (
            "this system does not let your services be shut in (no user namespaces): it may write"
            " wherever you may"
        )
    yield from plan.to_know
