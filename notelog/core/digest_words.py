"""What a model is told when a long text is read in parts, in the language of the question.

Nothing here says which part of how many it is: so a part that stays as it was when the text grows
is the same request, and its answer is still there.
"""

import re
from collections.abc import Sequence
from typing import Final

_CHINESE: Final = r"[\u3400-\u9fff]"

_PART: Final = (
    (
        "Below is one part of a text that is too long to be read at once. Do what is asked, with "
        "this part alone; the answers to all parts are put together afterwards. If nothing in this "
        "part matters for it, answer with - and nothing else. Use at most {words} words."
    ),
    (
        "下面是一篇长文的一部分，全文太长，无法一次读完。请只就这一部分完成要求；"
        "各部分的回答随后会合并。如果这一部分与要求无关，只回答 - 即可。回答不超过{words}字。"
    ),
)
_MERGE: Final = (
    (
        "Below are answers to consecutive parts of a long text, in order. Make one answer of them "
        "that keeps everything that matters for what is asked. Use at most {words} words."
    ),
    (
        "下面按顺序是对一篇长文中相邻各部分的回答。请把它们合并成一个回答，"
        "保留与要求有关的全部内容，不超过{words}字。"
    ),
)
_FINAL: Final = (
    (
        "Below are the answers to all parts of a long text, in order. Make of them the one answer "
        "to what is asked about the whole text, and do not speak of parts."
    ),
    "下面按顺序是对一篇长文各部分的回答。请据此给出对全文的一个完整回答，不要提到“部分”。",
)
_ASKED: Final = ("What is asked", "要求")
_TOLD: Final = ("What is asked is told at the beginning.", "要求见开头的说明。")
_TEXT: Final = ("The part", "这一部分")
_ANSWERS: Final = ("The answers", "各部分的回答")


class DigestWords:
    """The wordings of one task.

    Args:
        instructions: what is asked; empty where the system messages say it.
        text: what it is asked of; its language counts where there are no instructions.
        answer_words: the most words (characters in Chinese) of the answer to a part.
    """

    def __init__(self, instructions: str, *, text: str, answer_words: int) -> None:
        self._chinese = bool(re.search(_CHINESE, instructions or text[:1_000]))
        self._instructions = instructions
        self._words = answer_words

    def part(self, text: str) -> str:
        """Asks of one part."""
        return f"{self._head(_PART)}{self._of(_TEXT)}:\n\n{text}"

    def merge(self, answers: Sequence[str]) -> str:
        """Asks for one answer in place of several."""
        return f"{self._head(_MERGE)}{self._of(_ANSWERS)}:\n\n{_numbered(answers)}"

    def final(self, answers: Sequence[str]) -> str:
        """Asks for the answer that goes into the note."""
        return f"{self._head(_FINAL)}{self._of(_ANSWERS)}:\n\n{_numbered(answers)}"

    def _head(self, wording: tuple[str, str]) -> str:
        asked = (
            f"{self._of(_ASKED)}:\n\n{self._instructions}"
            if self._instructions
            else self._of(_TOLD)
        )
        return f"{self._of(wording).format(words=self._words)}\n\n{asked}\n\n"

    def _of(self, pair: tuple[str, str]) -> str:
        return pair[self._chinese]


def _numbered(answers: Sequence[str]) -> str:
    return "\n\n".join(f"[{number}]\n{answer}" for number, answer in enumerate(answers, 1))
