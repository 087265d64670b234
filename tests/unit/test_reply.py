import pytest

from notelog.core.reply import ReplyBuilder, ReplyDelta, ReplyState, Usage

STATES = [
    ("stop", "x", ReplyState.COMPLETE),
    ("STOP", "x", ReplyState.COMPLETE),
    ("stop", "", ReplyState.EMPTY),
    ("stop", " \n", ReplyState.EMPTY),
    ("length", "x", ReplyState.LENGTH),
    ("length", "", ReplyState.LENGTH),
    ("MAX_TOKENS", "x", ReplyState.LENGTH),
    ("model_length", "x", ReplyState.LENGTH),
    ("content_filter", "x", ReplyState.FILTERED),
    ("SAFETY", "", ReplyState.FILTERED),
    ("tool_calls", "", ReplyState.EMPTY),
    ("function_call", "x", ReplyState.COMPLETE),
    ("error", "x", ReplyState.CUT),
    ("insufficient_system_resource", "x", ReplyState.CUT),
    ("because", "x", ReplyState.COMPLETE),
    ("", "x", ReplyState.CUT),
    ("", "", ReplyState.CUT),
]


@pytest.mark.parametrize(("word", "text", "state"), STATES)
def test_the_state_of_a_reply(word: str, text: str, state: ReplyState) -> None:
    """Each finish_reason has its state; without one a reply is cut."""
    builder = ReplyBuilder()
    builder.add(ReplyDelta(text=text))
    builder.add(ReplyDelta(finish_reason=word))
    assert builder.finish().state is state


def test_an_interruption_counts_only_before_the_end() -> None:
    """A reply whose finish_reason was seen is whole, also if the person stopped then."""
    builder = ReplyBuilder()
    builder.add(ReplyDelta(text="Hel"))
    assert builder.finish(interrupted=True).state is ReplyState.INTERRUPTED
    builder.add(ReplyDelta(text="lo", finish_reason="stop"))
    assert builder.finish(interrupted=True).state is ReplyState.COMPLETE


def test_a_refusal_is_no_reply() -> None:
    """Words in the refusal field are kept apart from text."""
    builder = ReplyBuilder()
    builder.add(ReplyDelta(refusal="I "))
    builder.add(ReplyDelta(refusal="will not", finish_reason="stop"))
    reply = builder.finish()
    assert (reply.state, reply.text, reply.refusal) == (ReplyState.REFUSED, "", "I will not")


def test_what_is_odd_about_a_whole_reply_is_said() -> None:
    """A wish for tools and an unknown finish_reason leave a word for the person."""
    for word in ("tool_calls", "because"):
        builder = ReplyBuilder()
        builder.add(ReplyDelta(text="x", finish_reason=word))
        assert builder.finish().fault


def test_the_cause_of_a_cut_is_kept() -> None:
    """What the caller saw is the fault of a cut reply, and of no whole one."""
    builder = ReplyBuilder()
    builder.fault = "the connection was cut"
    builder.add(ReplyDelta(text="x"))
    assert builder.finish().fault == "the connection was cut"
    builder.add(ReplyDelta(finish_reason="stop"))
    assert builder.finish().fault == ""


def test_the_last_figures_and_model_count() -> None:
    """Usage and model come from whichever part has them last."""
    builder = ReplyBuilder()
    figures = Usage(prompt_tokens=1, completion_tokens=2)
    builder.add(ReplyDelta(model="a", usage=Usage(prompt_tokens=1, completion_tokens=1)))
    builder.add(ReplyDelta(model="b", usage=figures))
    builder.add(ReplyDelta(text="x"))
    assert not ReplyBuilder().has_text
    assert builder.has_text
    assert (builder.finish().model, builder.finish().usage) == ("b", figures)
