"""notelog answers the chat notes of a Markdown vault, in place.

The library beside the command: ``parse`` reads a chat note into turns and messages, ``count``
counts tokens offline, and ``fit`` fits a conversation to a model's window.
"""

from notelog._version import __version__

TYPE_CHECKING = False  # to import it takes a third of the time of --version
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notelog.core.api_messages import ApiMessage
    from notelog.core.counting import TokenCount
    from notelog.core.cut import Oversized
    from notelog.core.models import ModelSpec
    from notelog.core.note import Note
    from notelog.core.trim import TrimPlan

__all__ = ["__version__", "count", "fit", "parse"]


def parse(note: bytes | str, *, end_marks: "Iterable[str] | None" = None) -> "Note":
    """Reads a chat note.

    Args:
        note: the whole file, as bytes or as text; a BOM and any line ends are kept.
        end_marks: the lines that end a message of a person and are not sent; None means ``;;``
            and ``；；``, an empty list that only a ticked box does.

    Returns:
        The parsed note. Problems of its content are ``note.diagnostics``, not exceptions.

    Raises:
        NoteEncodingError: the bytes are not UTF-8 (or the text holds a lone surrogate).
        ValueError: one of the end marks cannot be one; the message says why.
    """
    from notelog.wiring.notes import parse_bytes

    data = note.encode("utf-8", "surrogatepass") if isinstance(note, str) else note
    return parse_bytes(data, end_marks)


def count(counted: "str | Sequence[ApiMessage]", *, model: "str | ModelSpec") -> "TokenCount":
    """Counts the tokens of a text, or of a prompt with its framing. Never uses the network.

    Args:
        counted: a text, or messages: dictionaries of the chat API, or ``Message``.
        model: its name, such as ``gpt-4o`` or ``anthropic/claude-sonnet-4-5``.

    Returns:
        An int that says what it is worth: ``exact`` is True for OpenAI's chat models; for
        others the figure is an estimate, rounded up. ``source`` tells how it was made.

    Raises:
        TypeError: something that is no message of the chat API.
    """
    from notelog.adapters.tiktoken_counter import shared_counter
    from notelog.core.api_messages import ApiView
    from notelog.core.counting import Scale, TokenCount, Weighed

    scale = Scale(_spec(model), shared_counter().count)
    if isinstance(counted, str):
        items, tokens = [Weighed("user", counted)], scale.tokens(counted)
    else:
        view = ApiView()
        view.roles(counted)
        items = [view.weigh(message) for message in counted]
        tokens = sum(map(scale.cost, items)) + scale.reply_frame()
    return TokenCount(tokens, exact=scale.exact(items), source=scale.source(bounded=False))


def fit(
    messages: "Sequence[ApiMessage]",
    *,
    model: "str | ModelSpec",
    max_tokens: int | None = None,
    context_window: int | None = None,
    pinned: "Collection[int]" = (),
    cut_step: float = 0.25,
    exact: bool = False,
    oversized: "Oversized" = "stop",
    notice: bool | str = False,
) -> "TrimPlan[ApiMessage]":
    """Decides which messages are sent so that prompt and reply fit the model's window.

    System and developer messages, pinned ones, the last user message and what follows it are
    always kept; of the turns before, as many whole ones as fit, the newest, beginning with a
    user message. No tool's result is kept without its call. Your messages are never changed.

    Send ``plan.messages``; ``print(plan.report)`` says of every message what became of it and why.

    Args:
        messages: dictionaries of the chat API (tool calls, parts and pictures too, counted
            generously), or ``Message``.
        model: its name. An unknown one has a window of 8,192: ``plan.window`` says.
        max_tokens: the most tokens wished for the reply, or None.
        context_window: overrides the model's, in tokens.
        pinned: the places of messages that must stay.
        cut_step: the cut moves by this share of the budget, so that it stays where it is for
            many turns and the server's prefix cache is used. 0 keeps as much as possible.
        exact: count everything. Otherwise nothing is counted where bytes show that all fits
            (``plan.bounded``), nor what is far too old.
        oversized: where what is always kept does not fit: ``stop`` is an error; ``shorten`` keeps
            beginning and end of the largest of it, with a marker and the figures between, but
            never touches a system message. ``plan.shortened`` says what was shortened.
        notice: True tells the model, in a short system message (``plan.notice``), where messages
            were left out; a text tells it so.

    Returns:
        What is kept, what is left out and why, the completion's limit, and the figures.

    Raises:
        QuestionTooLargeError: what is always kept does not fit, or not even shortened.
        TypeError: something that is no message of the chat API.
    """
    from notelog.adapters.tiktoken_counter import shared_counter
    from notelog.core.api_messages import ApiView
    from notelog.core.trim import LEFT_OUT_NOTICE, plan_fit

    return plan_fit(
        messages,
        ApiView(pinned),
        model=_spec(model),
        wish=max_tokens,
        context_window=context_window,
        count=shared_counter().count,
        cut_step=cut_step,
        exact=exact,
        oversized=oversized,
        notice=notice if isinstance(notice, str) else LEFT_OUT_NOTICE if notice else "",
    )


def _spec(model: "str | ModelSpec") -> "ModelSpec":
    from notelog.core.models import resolve_model

    return resolve_model(model) if isinstance(model, str) else model
