"""What a server itself said of a model: figures that win over the model table."""

from dataclasses import dataclass, replace

from notelog.core.models import ModelSpec, with_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Figures of a server: those it named when it refused a request, in tokens, and how it counts.

    No word of a note is among them.

    Attributes:
        window: prompt and reply together, or the prompt alone where ``prompt_only``.
        prompt_only: the reply does not count against ``window``.
        output_limit: the most that a reply may have.
        ratio: the model's tokens for one of its encoding's, by the figures of earlier replies.
        learned_on: the day, as YYYY-MM-DD.
        source: from what, for a person.
    """

    window: int | None = None
    prompt_only: bool = False
    output_limit: int | None = None
    ratio: float | None = None
    learned_on: str = ""
    source: str = ""


def taught(spec: ModelSpec, learned: Learned) -> ModelSpec:
    """The model with the figures that its server named."""
    if learned.window is not None:
        spec = _with_window(spec, learned.window, prompt_only=learned.prompt_only)
        spec = replace(spec, source=f"learned from the server on {learned.learned_on}")
    if learned.output_limit is not None:
        spec = replace(spec, output_limit=learned.output_limit)
    if learned.ratio is not None and not spec.exact:
        spec = replace(spec, ratio=learned.ratio, calibrated=True)
    return spec


def _with_window(spec: ModelSpec, window: int, *, prompt_only: bool) -> ModelSpec:
    if prompt_only and window < spec.context_window:
        return replace(spec, input_limit=window, known=True)
    return with_window(spec, window)
