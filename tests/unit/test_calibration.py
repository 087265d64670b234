"""Estimates learn from what servers counted, and only from what can be believed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import Program
from scripted_server import ScriptedServer, chunk, event, response, usage_chunk

from notelog.adapters.learned_figures import LearnedFile
from notelog.core.calibration import LEAST_RATIO, MOST_RATIO, learned_ratio
from notelog.core.counting import Scale
from notelog.core.learned import Learned, taught
from notelog.core.models import resolve_model

QWEN = resolve_model("qwen3")
EXACT = resolve_model("gpt-4o")


def test_a_larger_prompt_counts_at_once() -> None:
    """What came out larger than estimated is the ratio from then on."""
    assert learned_ratio(QWEN, 1_000, 1_600) == 1.6


def test_a_smaller_prompt_counts_slowly() -> None:
    """What came out smaller moves the ratio by a fifth of the way."""
    assert learned_ratio(QWEN, 1_000, 1_000) == pytest.approx(1.08, abs=1e-3)


def test_it_comes_to_rest_at_what_the_server_counts() -> None:
    """After many replies of the same kind the estimate is right, and never below."""
    spec = QWEN
    for _ in range(40):
        ratio = learned_ratio(spec, 1_000, 950)
        assert ratio is not None
        spec = taught(spec, Learned(ratio=ratio))
    assert 0.95 <= spec.ratio < 0.96


@pytest.mark.parametrize(
    ("counted", "reported"), [(1_000, 500), (1_000, 0), (255, 400), (100_000, 4_096)]
)
def test_nothing_is_learned_from_short_or_cut_prompts(counted: int, reported: int) -> None:
    """A prompt that the server cut silently, or a short one, teaches nothing."""
    assert learned_ratio(QWEN, counted, reported) is None


def test_exact_counts_are_never_calibrated() -> None:
    """Where the count is exact nothing is learned, and nothing learned is used."""
    assert learned_ratio(EXACT, 1_000, 1_900) is None
    assert taught(EXACT, Learned(ratio=1.9)) == EXACT


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_ratio_stays_within_its_bounds(counted: int, reported: int) -> None:
    """Whatever a server reports, the ratio is one that is believed."""
    ratio = learned_ratio(QWEN, counted, reported)
    assert ratio is None or LEAST_RATIO <= ratio <= MOST_RATIO


def test_a_calibrated_count_says_so() -> None:
    """The label of an estimate tells where its ratio comes from."""
    scale = Scale(taught(QWEN, Learned(ratio=1.25)), lambda text, _encoding: len(text))
    assert scale.source(bounded=False).startswith("estimate, calibrated by earlier replies: 1.25 x")
    assert scale.tokens("four") == 4
    assert not scale.model.exact


def learned_file(folder: Path, day: int) -> LearnedFile:
    """The file as it is on a day after the epoch."""
    return LearnedFile(str(folder), now=lambda: day * 86_400.0, notice=pytest.fail)


def test_ratio_and_window_are_kept_side_by_side(tmp_path: Path) -> None:
    """Neither takes the other away, and a ratio does not make a window look younger."""
    window = Learned(window=4_096, learned_on="1970-01-02", source="its refusal")
    learned_file(tmp_path, 1).keep("http://a", "m", window)
    ratio = Learned(ratio=1.5, learned_on="1970-01-11", source="the figures of a reply")
    learned_file(tmp_path, 10).keep("http://a", "m", ratio)
    found = learned_file(tmp_path, 10).read("http://a", "m")
    assert found == Learned(window=4_096, ratio=1.5, learned_on="1970-01-02", source="its refusal")
    assert learned_file(tmp_path, 40).read("http://a", "m") is None


@pytest.mark.parametrize("ratio", ["true", '"1.5"', "9.5", "NaN", "-1.0", "[]"])
def test_a_ratio_that_cannot_be_is_not_read(tmp_path: Path, ratio: str) -> None:
    """A damaged ratio is told and not used."""
    learned_file(tmp_path, 1).keep("http://a", "m", Learned(ratio=1.5, learned_on="1970-01-02"))
    file = tmp_path / "learned.json"
    file.write_bytes(file.read_bytes().replace(b"1.5", ratio.encode()))
    told: list[str] = []
    found = LearnedFile(str(tmp_path), now=lambda: 86_400.0, notice=told.append)
    assert found.read("http://a", "m") is None
    assert len(told) == 1


def test_a_reply_calibrates_the_next_count(tmp_path: Path) -> None:
    """``tokens`` and ``show --as-sent`` count a server's model as its last reply said."""
    program = Program(tmp_path / "home")
    note = tmp_path / "note.md"
    old = "role::user\n\n" + "An old question. " * 300 + "\n\nrole::assistant\n\nAn answer.\n\n"
    note.write_bytes(f"{old}role::user\n\n{'A long question. ' * 150}\n".encode())
    answer = [event(chunk("Yes.")), event(chunk(finish_reason="stop"))]
    answer += [event(usage_chunk(prompt=900)), event("[DONE]")]
    with ScriptedServer([response(*answer)]) as server:
        program.serve(server.base_url)
        before = program.run("show", "--as-sent", "--context-window", "1500", note)
        assert "calibrated" not in before.out + before.err
        assert program.run("complete", "--context-window", "1500", note).code == 0
    after = program.run("show", "--as-sent", note)
    assert "calibrated by earlier replies" in after.out + after.err
    assert "calibrated by earlier replies" in program.run("tokens", note).out
