"""Prints what counting and fitting cost, as ratios side by side in one run.

``python bench/bench_tokens.py`` installs langchain-core into a scratch environment below
``.cache/`` the first time, and measures its exact trimming with the same encoder.
"""

import base64
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import notelog
from notelog.adapters.tiktoken_counter import TiktokenCounter, load_encoding, shared_counter
from notelog.core.counting import NoteView, Scale
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import resolve_model
from notelog.core.trim import LEFT_OUT_NOTICE, plan_trim

SEEDS = Path(__file__).parents[1] / "tests" / "seeds"
CHINESE = (SEEDS / "002_blog_archive.txt").read_bytes().decode()
ENGLISH = (notelog.fit.__doc__ or "") * 40
CODE = "".join(Path(__file__).read_bytes().decode() for _copy in range(2))
WINDOWS = (4_097, 16_385, 128_000)
LANGCHAIN_VERSION = "1.0.0"
SCRATCH = Path(__file__).parents[1] / ".cache" / "bench-langchain"
MODEL = resolve_model("gpt-4o")


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """The wall time of the fastest of some runs."""
    best = float("inf")
    for _run in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def chat(messages: int, longest: int) -> Conversation:
    """A chat in English, Chinese and code, always the same."""
    dice = random.Random(1)
    said: list[Message] = []
    for index in range(messages):
        text, size = dice.choice((CHINESE, ENGLISH, CODE)), dice.randrange(20, longest)
        start = dice.randrange(0, len(text) - size)
        role = (Role.USER, Role.ASSISTANT)[index % 2]
        said.append(Message(role=role, content=text[start : start + size]))
    return tuple(said)


def print_loading() -> None:
    """Loading the shipped ranks."""
    print(f"import tiktoken          {seconds(lambda: import_module('tiktoken')):6.3f} s")
    for name in ("cl100k_base", "o200k_base"):
        print(f"load {name:<19} {seconds(partial(load_encoding, name)):6.3f} s")


def print_hostile() -> None:
    """A megabyte of each hostile text, in both encodings."""
    dice = random.Random(1)
    texts = {
        "one letter": "a" * 1_000_000,
        "blanks": " " * 1_000_000,
        "line feeds": "\n" * 1_000_000,
        "emoji": "\U0001f600" * 250_000,
        "base64": base64.b64encode(dice.randbytes(750_000)).decode(),
        "random Chinese": "".join(map(chr, dice.choices(range(0x4E00, 0x9FFF), k=333_333))),
    }
    print("\none megabyte of          cl100k_base   o200k_base")
    for name, text in texts.items():
        taken = [
            seconds(partial(TiktokenCounter().count, text, encoding))
            for encoding in ("cl100k_base", "o200k_base")
        ]
        print(f"  {name:<20} {taken[0]:10.2f} s {taken[1]:10.2f} s")


def reach_langchain() -> None:
    """Makes langchain-core importable, installing it beside this environment if need be."""
    if not (SCRATCH / "bin" / "python").exists():
        venv.create(SCRATCH, with_pip=True, clear=True)
        wanted = f"langchain-core>={LANGCHAIN_VERSION}"
        subprocess.run(
            [SCRATCH / "bin" / "python", "-m", "pip", "install", "-q", wanted], check=True
        )
    sys.path.extend(str(folder) for folder in SCRATCH.glob("lib/python*/site-packages"))


def langchain_trim(said: Conversation, limit: int) -> Callable[[], Sequence[object]]:
    """langchain-core's exact trimming of the same messages to whole turns."""
    kinds = import_module("langchain_core.messages")
    encoding = load_encoding(MODEL.encoding)
    theirs = [
        (kinds.HumanMessage if item.role is Role.USER else kinds.AIMessage)(item.content)
        for item in said
    ]

    def count(some: Sequence[object]) -> int:
        texts = (str(getattr(item, "content", "")) for item in some)
        return 3 + sum(4 + len(encoding.encode(text, disallowed_special=())) for text in texts)

    def trim() -> Sequence[object]:
        kept: Sequence[object] = kinds.trim_messages(
            theirs,
            max_tokens=limit,
            token_counter=count,
            strategy="last",
            start_on="human",
            include_system=True,
        )
        return kept

    return trim


def print_fitting() -> None:
    """20,000 messages: the first plan, the next one after one more message, and what is kept."""
    reach_langchain()
    said = chat(20_001, 600)
    asked = [{"role": str(item.role), "content": item.content} for item in said]
    version = import_module("langchain_core").__version__
    print(
        f"\n20,000 mixed messages, beside langchain-core {version} (goals: x 20, x 100, not fewer)"
    )
    print("   window   first call   next call   langchain-core    ratios      tokens kept")
    for window in WINDOWS:
        most = plan_trim(said, model=MODEL, context_window=window, count=TiktokenCounter().count,
                         cut_step=0)  # fmt: skip
        trim = langchain_trim(said, most.budget)
        slow = [seconds(trim)]
        shared_counter.cache_clear()
        fit = partial(notelog.fit, model=MODEL.name, context_window=window)
        first = seconds(partial(fit, asked[:-9]))
        following = [seconds(partial(fit, asked[: end - 9])) for end in range(1, 5)]
        slow.append(seconds(trim))
        following += [seconds(partial(fit, asked[: end - 9])) for end in range(5, 9)]
        slow_s, next_s = statistics.median(slow), statistics.median(following)
        theirs = tokens_of(str(getattr(item, "content", "")) for item in trim())
        ours = tokens_of(item.content for item in most.kept)
        print(
            f"  {window:>7,} {first * 1e3:9.1f} ms {next_s * 1e3:8.2f} ms {slow_s:12.2f} s"
            f"  x {slow_s / first:5.0f} x {slow_s / next_s:5.0f}"
            f"   {ours:>7,} (they {theirs:,})"
        )


def tokens_of(texts: Iterable[str]) -> int:
    """The tokens of some texts, counted one by one with tiktoken."""
    encoding = load_encoding(MODEL.encoding)
    return sum(len(encoding.encode(text, disallowed_special=())) for text in texts)


def print_reuse() -> None:
    """The share of prompt tokens that a prefix cache can reuse while a chat grows."""
    print("\na note of 400 turns: share of prompt tokens that begin as the prompt before did")
    print("   window   tokens of a turn   as much as possible   stable cut")
    for longest in (400, 3_000):
        said = chat(801, longest)
        mean = tokens_of(item.content for item in said) // 400
        for window in (4_096, 16_384, 128_000):
            shares = [reuse(said, window, cut_step) for cut_step in (0.0, 0.25)]
            words = ["all fits" if share is None else f"{share:.2f}" for share in shares]
            print(f"  {window:>7,} {mean:>18,} {words[0]:>21} {words[1]:>12}")


def print_kept_counts() -> None:
    """The command on a note of 400 turns, before and after its counts are on disk."""
    with tempfile.TemporaryDirectory() as folder:
        note, cache = Path(folder, "note.md"), Path(folder, "cache")
        turns = (f"role::{item.role}\n\n{item.content}\n\n" for item in plain_chat(801))
        note.write_text("".join(turns), encoding="utf-8")
        environment = {
            **os.environ, "NOTELOG_CACHE_DIR": str(cache),
            "NOTELOG_CONFIG_DIR": folder, "NOTELOG_STATE_DIR": folder,
        }  # fmt: skip
        command = [sys.executable, "-m", "notelog", "tokens", "--json", str(note)]
        run = partial(
            subprocess.run, command, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        pairs: list[tuple[float, float]] = []
        for _round in range(5):
            shutil.rmtree(cache, ignore_errors=True)
            pairs.append((seconds(run), seconds(run)))
    cold, warm = (statistics.median(side) for side in zip(*pairs, strict=True))
    print("\nnotelog tokens on a note of 400 turns")
    print(f"  counted {cold:.2f} s, known from the disk {warm:.2f} s: x {cold / warm:.1f}")


def plain_chat(messages: int) -> Conversation:
    """A chat without anything that would be markup in a note."""
    texts = (CHINESE.replace("`", "").replace("<", ""), ENGLISH.replace("`", ""))
    dice = random.Random(1)
    said: list[Message] = []
    for index in range(messages):
        start = dice.randrange(0, 4_000)
        words = " ".join(texts[index % 2][start : start + 900].split())
        said.append(Message(role=(Role.USER, Role.ASSISTANT)[index % 2], content=words))
    return tuple(said)


def reuse(said: Conversation, window: int, cut_step: float) -> float | None:
    """How much of each prompt, once turns are left out, begins as the one before did.

    The notice to the model is a part of the prompts.
    """
    counter = TiktokenCounter()
    before: Conversation = ()
    shared = total = 0
    for end in range(1, len(said) + 1, 2):
        plan = plan_trim(
            said[:end],
            model=MODEL,
            context_window=window,
            count=counter.count,
            cut_step=cut_step,
            notice=LEFT_OUT_NOTICE,
        )
        if plan.dropped:
            scale, view = Scale(MODEL, counter.count), NoteView()
            tokens = [scale.cost(view.weigh(item)) for item in plan.messages]
            total += plan.prompt_tokens
            for item, old, cost in zip(plan.messages, before, tokens, strict=False):
                if item != old:
                    break
                shared += cost
        before = plan.messages
    return shared / total if total else None


if __name__ == "__main__":
    print_loading()
    print_hostile()
    print_fitting()
    print_reuse()
    print_kept_counts()
