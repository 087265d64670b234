"""What a server itself said of a model: figures that win over the model table."""

from dataclasses import dataclass, replace

from notelog.core.models import ModelSpec, with_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Figures that a server named when it refused a request, in tokens. No word of a note.

    Attributes:
        window: prompt and reply together, or the prompt alone where ``prompt_only``.
        prompt_only: the reply does not count against ``window``.
        output_limit: the most that a reply may have.
        learned_on: the day, as YYYY-MM-DD.
        source: from what, for a person.
    """

    window: int | None = None
    prompt_only: bool = False
    output_limit: int | None = None
    learned_on: str = ""
    source: str = ""


def taught(spec: ModelSpec, learned: Learned) -> ModelSpec:
    """The model with the figures that its server named."""
    if learned.window is not None:
        spec = _with_window(spec, learned.window, prompt_only=learned.prompt_only)
        spec = replace(spec, source=f"learned from the server on {learned.learned_on}")
    if learned.output_limit is not None:
        spec = replace(spec, output_limit=learned.output_limit)
    return spec


def _with_window(spec: ModelSpec, window: int, *, prompt_only: bool) -> ModelSpec:
    if prompt_only and window < spec.context_window:
        return replace(spec, input_limit=window, known=True)
    return with_window(spec, window)
