"""``notelog complete --map-reduce``: the real process, and a server that counts its requests."""

import re
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from on_terminal import on_a_terminal
from program import Program
from scripted_server import (
    STALL,
    RecordedRequest,
    Script,
    ScriptedServer,
    Signal,
    Wait,
    chunk,
    event,
    reply,
    reply_events,
    response,
    status,
    usage_chunk,
)

ONE = "requests_at_once = 1\n"
PRICED = "price = [1.0, 2.0]\n"
FREE = "billed = false\n"
WINDOW = ("--context-window", "1600")
READ = ("complete", "--map-reduce", "--yes", *WINDOW)
QUESTION = "Summarise the text below."
PARTS = 5
NO_MODELS = {"/v1/models": status(404)}


def note_in(folder: Path, paragraphs: int = 85) -> Path:
    """A note whose question is larger than a window of 1,600 tokens."""
    line = "Paragraph <{}> tells of roses, onions and the rain. "
    text = "\n\n".join(line.format(number) * 4 for number in range(paragraphs))
    note = folder / "long.md"
    note.write_bytes(f"{QUESTION}\n\n{text}\n".encode())
    return note


def content(request: RecordedRequest) -> str:
    """What the user says in a request."""
    messages = cast("list[dict[str, str]]", request.json()["messages"])
    return messages[-1]["content"]


def place(request: RecordedRequest) -> int:
    """The first paragraph in the request of a part."""
    found = re.search(r"<(\d+)>", content(request))
    return -1 if found is None else int(found[1])


def answers(count: int) -> list[Script]:
    """Numbered answers."""
    return [reply(f"Answer {n}.") for n in range(count)]


def order_in(text: str) -> list[int]:
    """The numbers of the answers, as they stand in a request."""
    return [int(number) for number in re.findall(r"Answer (\d+)\.", text)]


def test_without_consent_nothing_is_sent(program: Program, vault: Path) -> None:
    """Where nobody can be asked the exit code is 12, the figures are said, nothing is sent."""
    note = note_in(vault)
    before = note.read_bytes()
    with ScriptedServer([]) as server:
        program.serve(server.base_url, profile=PRICED)
        runs = [
            program.run("complete", "--map-reduce", *WINDOW, note),
            program.run("complete", "--map-reduce", "--json", *WINDOW, note),
        ]
        assert server.connections == 0
    assert [run.code for run in runs] == [12, 12]
    assert f"{PARTS + 1} requests" in runs[0].err
    assert "USD" in runs[0].err
    assert "--yes" in runs[0].err
    assert "not-agreed" in runs[1].out
    assert note.read_bytes() == before


def test_the_plan_is_shown(program: Program, vault: Path) -> None:
    """A dry run shows instructions, parts, requests, tokens and price, and sends nothing."""
    note = note_in(vault)
    with ScriptedServer([]) as server:
        program.serve(server.base_url, profile=PRICED)
        shown = program.run("complete", "--map-reduce", "--dry-run", *WINDOW, note)
        fields = program.run(
            "complete", "--map-reduce", "--dry-run", "--json", *WINDOW, note
        ).fields
        assert server.connections == 0
    assert QUESTION in shown.out
    assert f"parts:      {PARTS}" in shown.out
    plan = cast("dict[str, object]", fields["map_reduce"])
    assert (plan["parts"], plan["requests"], plan["instructions"]) == (PARTS, PARTS + 1, QUESTION)
    assert plan["cost"]


def test_parts_that_are_alike_are_not_called_answered(program: Program, vault: Path) -> None:
    """The same text twice is asked once: the plan says so, before anything was ever asked."""
    note = vault / "alike.md"
    note.write_text(f"{QUESTION}\n\n{'Roses grow in the garden after the rain. ' * 1_000}\n")
    command = ("complete", "--map-reduce", "--dry-run", *WINDOW)
    program.serve("http://127.0.0.1:9")
    shown = program.run(*command, note)
    plan = cast("dict[str, int]", program.run(*command, "--json", note).fields["map_reduce"])
    assert shown.code == 0
    assert plan["alike"] > 0
    assert plan["known"] == 0
    assert plan["requests"] == plan["parts"] - plan["alike"] + plan["merges"] + 1
    assert f"({plan['alike']} word for word like another)" in shown.out
    assert "answered before" not in shown.out


def test_the_answer_goes_into_the_note(program: Program, vault: Path) -> None:
    """One reply stands in the note; usage and cost are those of all requests together."""
    note = note_in(vault)
    before = note.read_bytes()
    with ScriptedServer(answers(PARTS + 1)) as server:
        program.serve(server.base_url, profile=PRICED)
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (0, PARTS + 1), run.err
        parts = sorted(server.requests[:-1], key=place)
        sent = "".join(content(item).partition("The part:\n\n")[2] for item in parts)
        again = program.run(*READ, note)
        assert (again.code, len(server.requests)) == (0, PARTS + 1)
    data = note.read_bytes()
    assert data.startswith(before)
    assert data.count(b"Answer 5.") == 1
    assert sent.strip() == before.decode().partition("\n\n")[2].strip()
    assert f"{PARTS + 1} requests · {7 * (PARTS + 1)} tokens in, {3 * (PARTS + 1)} out" in run.err
    assert "0.000078 USD" in run.err
    assert f"{PARTS} of {PARTS} parts answered" in run.err


def test_order_is_kept_when_answers_come_out_of_order(program: Program, vault: Path) -> None:
    """Three are asked at once; the last request has the answers in the order of the text."""
    note = note_in(vault)
    second, third = threading.Event(), threading.Event()
    scripts = [
        [Wait(third), *reply("Answer 0.")],
        [Wait(second), *reply("Answer 1."), Signal(third)],
        [*reply("Answer 2."), Signal(second)],
        *answers(PARTS + 1)[3:],
    ]
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url)
        run = program.run(*READ, note)
        assert run.code == 0, run.err
        arrived = sorted(range(PARTS), key=lambda n: place(server.requests[n]))
        assert order_in(content(server.requests[-1])) == arrived


def test_no_more_at_once_than_is_set(program: Program, vault: Path) -> None:
    """With requests_at_once = 2 a third waits until one of the two has its answer."""
    note, go, both = note_in(vault), threading.Event(), threading.Event()
    scripts = [
        [Wait(go), *reply("Answer 0.")],
        [Signal(both), Wait(go), *reply("Answer 1.")],
        *answers(PARTS + 1)[2:],
    ]
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url, profile="requests_at_once = 2\n")
        process = program.start(*READ, note)
        assert both.wait(20)
        assert len(server.requests) == 2
        go.set()
        process.communicate(timeout=60)
        assert (process.returncode, len(server.requests)) == (0, PARTS + 1)


def test_caps_hold_for_the_whole_plan(program: Program, vault: Path) -> None:
    """A cap without room for all requests stops it before the first one."""
    note = note_in(vault)
    with ScriptedServer(answers(9)) as server:
        for cap in (
            f"requests_per_hour = {PARTS}",
            "tokens_per_day = 2000",
            "cost_per_day = 0.001",
        ):
            program.serve(server.base_url, profile=f"{PRICED}[profiles.test.caps]\n{cap}\n")
            run = program.run(*READ, note)
            assert run.code == 8, run.err
            assert cap.partition(" ")[0] in run.err
        assert len(server.requests) == 0
        program.serve(
            server.base_url,
            profile=f"[profiles.test.caps]\nrequests_per_hour = {PARTS + 1}\n",
        )
        assert program.run(*READ, note).code == 0
        other = note_in(vault, 2)
        assert program.run("complete", other).code == 8  # all that was asked counts


def test_what_is_busy_is_asked_again(program: Program, vault: Path) -> None:
    """A 429 and a 503 in one part are retried, and paid for once."""
    note = note_in(vault)
    busy = status(429, headers={"Retry-After": "0"})
    scripts = [
        *answers(1),
        busy,
        status(503, headers={"Retry-After": "0"}),
        *answers(PARTS + 1)[1:],
    ]
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (0, PARTS + 3), run.err
        assert order_in(content(server.requests[-1])) == list(range(PARTS))
    assert "part 2 of 5: " in run.err


def declined() -> Script:
    """A refusal in the field for refusals."""
    parts = (chunk("", role="assistant", refusal="No."), chunk(finish_reason="stop"), usage_chunk())
    return response(*map(event, (*parts, "[DONE]")))


@pytest.mark.parametrize(
    ("script", "told", "left"),
    [
        (reply("Answer 1.", finish_reason="length"), "part 2 of 5: the reply ends at", range(5)),
        (declined(), "part 2 of 5: the model declined", (0, 2, 3, 4)),
        (
            response(*reply_events("", finish_reason="content_filter")),
            "content filter",
            (0, 2, 3, 4),
        ),
    ],
)
def test_a_part_that_was_not_answered_whole_is_said(
    program: Program, vault: Path, script: Script, told: str, left: Sequence[int]
) -> None:
    """The others are put together; exit code 7, a sentence, and a mark in the note say it."""
    note = note_in(vault)
    scripts = answers(PARTS + 1)
    scripts[1] = script
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (7, PARTS + 1), run.err
        assert order_in(content(server.requests[-1])) == list(left)
    assert told in run.err
    text = note.read_text(encoding="utf-8")
    assert "Answer 5." in text
    assert "> [!notelog]" in text
    assert "not all of the text was read whole" in text


@pytest.mark.parametrize(
    ("billed", "word"),
    [(True, ("complete", "--again")), (True, ("retry",)), (False, ())],
)
def test_killed_and_resumed(
    program: Program, vault: Path, *, billed: bool, word: tuple[str, ...]
) -> None:
    """After SIGKILL what was answered is paid for once, and what is in doubt needs a word."""
    note, sent = note_in(vault), threading.Event()
    head = response(*reply_events("Half")[:2], end=False)
    scripts: list[Script] = [*answers(2), [*head, Signal(sent), STALL], *answers(9)[3:]]
    with ScriptedServer(scripts, routes=NO_MODELS) as server:
        program.serve(server.base_url, profile=ONE if billed else ONE + FREE)
        process = program.start(*READ, note)
        assert sent.wait(20)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        asked = len(server.requests)
        assert asked == 3
        run = program.run(*READ, note)
        if billed:
            assert (run.code, len(server.requests)) == (10, asked), run.err
            assert "part 3 of 5 was sent before" in run.err
            told = program.run("status", vault)
            assert "notelog complete --map-reduce --again " in told.out
            run = program.run(*word, *READ[1:], note)
        assert run.code == 0, run.err
        assert len(server.requests) == PARTS + 1 + 1  # part 3 alone was asked twice
        bodies = [item.body for item in server.requests]
        assert len(set(bodies)) == PARTS + 1
        assert order_in(content(server.requests[-1])) == [0, 1, 3, 4, 5]
    assert "2 of them before" in run.err


def test_retry_reads_in_parts_only_what_was_asked_before(program: Program, vault: Path) -> None:
    """Where nothing is in doubt or failed nothing is sent, whatever may be read in parts."""
    note = note_in(vault)
    with ScriptedServer(answers(PARTS + 1), routes=NO_MODELS) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run("retry", *READ[1:], note)
        assert (run.code, len(server.requests)) == (9, 0)
        assert "it was not asked yet" in run.err


def test_a_failure_keeps_what_came(program: Program, vault: Path) -> None:
    """A server that refuses in the middle ends the run; the next run goes on there."""
    note = note_in(vault)
    before = note.read_bytes()
    with ScriptedServer([*answers(2), status(403), *answers(9)[2:]]) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (5, 3), run.err
        assert note.read_bytes() == before
        assert "2 of 5 parts are answered and kept" in run.err
        program.serve(server.base_url, profile=f"{ONE}max_tokens = 4000\n")
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (0, PARTS + 2), run.err
        assert order_in(content(server.requests[-1])) == list(range(PARTS))


def test_a_smaller_window_does_not_pay_for_a_part_again(program: Program, vault: Path) -> None:
    """What was answered stays as it was split; the rest is split anew, and every word is read."""
    note = note_in(vault)
    too_long = {"error": {"message": "This model's maximum context length is 1000 tokens."}}
    with ScriptedServer([*answers(2), status(400, too_long), *answers(99)[2:]]) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run(*READ, note)
        assert (run.code, len(server.requests)) == (4, 3), run.err
        smaller = ("complete", "--map-reduce", "--context-window", "1000")
        run = program.run(*smaller, "--yes", note)
        assert run.code == 0, run.err
        asked = [content(item) for item in server.requests]
        later = "".join(asked[3:])
        assert len(asked) > PARTS + 2
        last_paid = max(map(int, re.findall(r"<(\d+)>", "".join(asked[:2]))))
        assert set(re.findall(r"<(\d+)>", later)) == {str(n) for n in range(last_paid + 1, 85)}
        assert order_in(asked[-1])[:2] == [0, 1]
        assert program.run(*smaller, "--yes", note).code == 0
        assert len(server.requests) == len(asked)


def test_another_answer_costs_one_request(program: Program, vault: Path) -> None:
    """The parts were answered; only what makes one answer of them is asked again."""
    note = note_in(vault)
    with ScriptedServer(answers(PARTS + 2)) as server:
        program.serve(server.base_url, profile=ONE)
        assert program.run(*READ, note).code == 0
        run = program.run("again", *READ[1:], note)
        assert (run.code, len(server.requests)) == (0, PARTS + 2), run.err
    text = note.read_text()
    assert "> [!notelog]- Earlier answer" in text
    assert text.count(f"\nAnswer {PARTS + 1}.\n") == 1


@pytest.mark.parametrize("said", ["y", "n", ""])
def test_the_plan_is_agreed_to_in_a_terminal(program: Program, vault: Path, said: str) -> None:
    """It is shown and asked for; anything but yes sends nothing and leaves the note."""
    note = note_in(vault)
    before = note.read_bytes()
    with ScriptedServer(answers(PARTS + 1)) as server:
        program.serve(server.base_url, profile=ONE + PRICED)
        code, shown = on_a_terminal(
            program, "complete", "--map-reduce", *WINDOW, note, answers={"Send them?": said}
        )
        agreed = said == "y"
        assert len(server.requests) == (PARTS + 1 if agreed else 0)
    assert f"parts:      {PARTS}" in shown
    assert "USD" in shown
    assert code == (0 if agreed else 12)
    assert (note.read_bytes() != before) is agreed


def test_an_answer_that_is_cut_off_is_in_doubt(program: Program, vault: Path) -> None:
    """It may be billed: exit code 10, and nothing more is asked without the person's word."""
    note = note_in(vault)
    cut = response(*reply_events("Answer 1.")[:2], end=False)
    with ScriptedServer([*answers(1), cut, *answers(9)[1:]]) as server:
        program.serve(server.base_url, profile=ONE)
        runs = [program.run(*READ, note) for _ in range(2)]
        assert [run.code for run in runs] == [10, 10], runs[0].err
        assert len(server.requests) == 2
        assert program.run("complete", "--again", *READ[1:], note).code == 0
        assert len(server.requests) == PARTS + 2


@pytest.mark.parametrize("free", [True, False])
def test_ctrl_c_keeps_what_came(program: Program, vault: Path, *, free: bool) -> None:
    """What was answered is kept, what is under way and paid for may end, exit code 130."""
    note, sent, go = note_in(vault), threading.Event(), threading.Event()
    head, *rest = reply_events("Answer 1.")
    slow = response(head, Signal(sent), Wait(go), *rest)
    scripts: list[Script] = [*answers(1), slow, *answers(9)[2:]]
    with ScriptedServer(scripts, routes=NO_MODELS) as server:
        program.serve(server.base_url, profile=ONE + (FREE if free else ""))
        process = program.start(*READ, note)
        assert sent.wait(20)
        process.send_signal(signal.SIGINT)
        if not free:
            assert process.stderr is not None
            while b"stopping" not in process.stderr.readline():
                pass
            go.set()
        process.communicate(timeout=60)
        go.set()
        assert (process.returncode, len(server.requests)) == (130, 2)
        run = program.run(*READ, note)
        assert run.code == 0, run.err
        assert len(server.requests) == PARTS + 1 + free


def test_a_tree_of_three_levels(program: Program, vault: Path) -> None:
    """Long answers are put together a few at a time, round after round, in order."""
    note = note_in(vault, 120)
    long = "word " * 44

    def told(numbers: Sequence[int]) -> str:
        return " ".join(f"Answer {n}." for n in numbers)

    scripts = [reply(f"Answer {n}. {long}") for n in range(200)]
    with ScriptedServer(scripts) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run("complete", "--map-reduce", "--yes", "--context-window", "600", note)
        assert run.code == 0, run.err
        asked = list(map(content, server.requests))
    merges = [text for text in asked if text.startswith("Below are answers")]
    parts = [text for text in asked if text.startswith("Below is one part")]
    assert len(parts) + len(merges) + 1 == len(asked)
    levels: dict[int, int] = dict.fromkeys(range(len(parts)), 1)
    for number, text in enumerate(asked[len(parts) :], len(parts)):
        levels[number] = 1 + max(levels[n] for n in order_in(text))
    assert levels[len(asked) - 1] == 4  # parts, two rounds of merges, the reply
    used = [n for text in asked[len(parts) :] for n in order_in(text)]
    assert sorted(used) == list(range(len(asked) - 1))  # each once, and only the last is left
    assert all(order_in(text) == sorted(order_in(text)) for text in asked)
    assert told(order_in(asked[-1])) in " ".join(re.findall(r"Answer \d+\.", asked[-1]))


def test_a_question_that_fits_is_asked_as_it_is(program: Program, vault: Path) -> None:
    """One request, no consent needed, and it is said."""
    note = note_in(vault, 2)
    with ScriptedServer(answers(1)) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--map-reduce", note)
        assert (run.code, len(server.requests)) == (0, 1)
    assert "asked as it is" in run.err


def test_a_text_without_a_question_is_not_sent(program: Program, vault: Path) -> None:
    """Nothing is guessed: the sentence tells where to write what is wanted."""
    note = vault / "long.md"
    note.write_bytes(b"Roses and onions grow in the rain. " * 400)
    with ScriptedServer([]) as server:
        program.serve(server.base_url)
        run = program.run(*READ, note)
        assert (run.code, server.connections) == (4, 0)
    assert "below the text" in run.err


def test_the_text_of_an_earlier_message_is_read(program: Program, vault: Path) -> None:
    """A text that would be left out is read in parts for the question below it."""
    note = note_in(vault)
    text = note.read_text(encoding="utf-8").removeprefix(f"{QUESTION}\n\n")
    mark = '\n\n<hr class="__chatgpt_plugin">\n\nrole::'
    note.write_bytes(f"{text}{mark}assistant\n\nRead.{mark}user\n\nWho is named?\n".encode())
    with ScriptedServer(answers(9)) as server:
        program.serve(server.base_url, profile=ONE)
        run = program.run(*READ, note)
        assert run.code == 0, run.err
        assert all("Who is named?" in content(item) for item in server.requests)
        sent = "".join(content(item).partition("The part:\n\n")[2] for item in server.requests)
        assert sent.strip() == text.strip()


def test_a_kept_reply_needs_no_request(program: Program, vault: Path) -> None:
    """Where the note changed meanwhile it goes in later, without a request and without consent."""
    note, sent, go = note_in(vault), threading.Event(), threading.Event()
    text = note.read_bytes()
    head, *rest = reply_events("At last.")
    last = response(head, Signal(sent), Wait(go), *rest)
    with ScriptedServer([*answers(PARTS), last]) as server:
        program.serve(server.base_url)
        process = program.start(*READ, note)
        assert sent.wait(20)
        note.write_bytes(text + b"\nNo, wait.\n")
        go.set()
        process.communicate(timeout=60)
        assert process.returncode == 9
        note.write_bytes(text)
        run = program.run("complete", *WINDOW, note)
        assert (run.code, len(server.requests)) == (0, PARTS + 1), run.err
    assert note.read_bytes().count(b"At last.") == 1


@pytest.mark.parametrize("by_age", [True, False])
def test_answers_are_forgotten_with_their_note(
    program: Program, vault: Path, *, by_age: bool
) -> None:
    """No word of them is left in the journal; what was spent still counts; they are asked anew."""
    note = note_in(vault)
    before = note.read_bytes()
    with ScriptedServer([*answers(PARTS + 1), *answers(PARTS + 1)]) as server:
        program.serve(
            server.base_url,
            profile=f"[profiles.test.caps]\nrequests_per_hour = {2 * (PARTS + 1)}\n",
        )
        assert program.run(*READ, note).code == 0
        (journal,) = (program.home / "state" / "journal").glob("*.sqlite3")
        what = ("--older-than", "0d", vault) if by_age else (note,)
        assert program.run("forget", "--yes", *what).code == 0
        assert b"Answer" not in journal.read_bytes()
        note.write_bytes(before)
        run = program.run("complete", "--again", *READ[1:], note)
        assert (run.code, len(server.requests)) == (0, 2 * (PARTS + 1)), run.err
        other = note_in(vault, 2)
        assert program.run("complete", other).code == 8
