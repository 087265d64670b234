"""Prints what counting and fitting cost, as ratios side by side in one run.

``python bench/bench_tokens.py``; with langchain-core in the same environment its exact trimming
of the same messages is measured too.
"""

import base64
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import notelog
from notelog.adapters.tiktoken_counter import TiktokenCounter, load_encoding
from notelog.core.messages import Conversation, Message, Role
from notelog.core.models import resolve_model
from notelog.core.trim import plan_trim

SEEDS = Path(__file__).parents[1] / "tests" / "seeds"
CHINESE = (SEEDS / "002_blog_archive.txt").read_bytes().decode()
ENGLISH = (notelog.fit.__doc__ or "") * 40
WINDOWS = (4_097, 16_385, 128_000)
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
    """A chat in English and Chinese, always the same."""
    dice = random.Random(1)
    said: list[Message] = []
    for index in range(messages):
        text, size = dice.choice((CHINESE, ENGLISH)), dice.randrange(20, longest)
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


def langchain_trim(said: Conversation, limit: int) -> Callable[[], object] | None:
    """langchain-core's exact trimming of the same messages, where it is installed."""
    if find_spec("langchain_core") is None:
        return None
    kinds = import_module("langchain_core.messages")
    encoding = load_encoding(MODEL.encoding)
    theirs = [
        (kinds.HumanMessage if item.role is Role.USER else kinds.AIMessage)(item.content)
        for item in said
    ]

    def count(some: Sequence[object]) -> int:
        texts = (str(getattr(item, "content", "")) for item in some)
        return 3 + sum(4 + len(encoding.encode(text, disallowed_special=())) for text in texts)

    return lambda: kinds.trim_messages(
        theirs,
        max_tokens=limit,
        token_counter=count,
        strategy="last",
        start_on="human",
        include_system=True,
    )


def print_fitting() -> None:
    """20,000 messages: the first plan, and the next one after one more question."""
    said = chat(20_001, 600)
    encoding = load_encoding(MODEL.encoding)
    everything = seconds(
        lambda: [len(encoding.encode(item.content, disallowed_special=())) for item in said]
    )
    print(f"\n20,000 messages; counting them all with tiktoken: {everything:.2f} s")
    for window in WINDOWS:
        plan = partial(plan_trim, model=MODEL, context_window=window, count=TiktokenCounter().count)
        first = seconds(partial(plan, said[:-2]))
        following = seconds(partial(plan, said), 3)
        line = f"  window {window:>7,}: first {first * 1e3:6.1f} ms, next {following * 1e3:5.1f} ms"
        theirs = langchain_trim(said, window - window // 8 - 8 - window // 1_000)
        if theirs is not None:
            slow = seconds(theirs)
            line += f"; langchain-core {slow:.2f} s: x {slow / first:.0f}, x {slow / following:.0f}"
        print(line)


def print_reuse() -> None:
    """The share of prompt tokens that a prefix cache can reuse while a chat grows."""
    print("\nshare of prompt tokens with the previous prompt's beginning, of 400 turns")
    print("  window      as much as possible        stable cut")
    said = chat(801, 400)
    for window in (4_096, 16_384, 65_536):
        shares = [reuse(said, window, cut_step) for cut_step in (0.0, 0.25)]
        print(f"  {window:>7,} {shares[0]:>22.2f} {shares[1]:>17.2f}")


def reuse(said: Conversation, window: int, cut_step: float) -> float:
    """How much of each prompt, once turns are left out, begins as the one before did."""
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
        )
        if plan.dropped:
            total += sum(plan.kept_tokens)
            for item, old, tokens in zip(plan.kept, before, plan.kept_tokens, strict=False):
                if item is not old:
                    break
                shared += tokens
        before = plan.kept
    return shared / total if total else 1.0


if __name__ == "__main__":
    print_loading()
    print_hostile()
    print_fitting()
    print_reuse()
