"""What is asked of a long text is told apart from the text by its place and its words."""

import pytest

from notelog.core.messages import Message, Role
from notelog.core.task import Task, find_task

TEXT = "".join(f"This is paragraph {n} of a story about gardens.\n\n" for n in range(400))
CHINESE = "玫瑰和洋葱在小花园里长得很好，但是它们需要很多阳光和水。\n\n" * 300
CODE = "```python\n" + "value = 1\n" * 1_000 + "```\n"


def user(content: str) -> Message:
    """A message of the user's."""
    return Message(role=Role.USER, content=content)


def found(*contents: str) -> Task | None:
    """The task of a user's messages."""
    return find_task(tuple(map(user, contents)))


@pytest.mark.parametrize(
    ("content", "instructions"),
    [
        (f"Summarise the text below.\n\n{TEXT}", "Summarise the text below."),
        (f"{TEXT}\n\nWhich plants are named?", "Which plants are named?"),
        (f"总结下面的文字：\n\n{CHINESE}", "总结下面的文字："),
        (f"{CHINESE}\n\n用三句话概括上面的内容", "用三句话概括上面的内容"),
        (f"总结下面的文字：\n{CHINESE}", "总结下面的文字："),
        (f"Here is it:\n\n{TEXT}\n\nWhat is it about?", "Here is it:\n\nWhat is it about?"),
        (f"Explain this code\n\n{CODE}", "Explain this code"),
        (f"{CODE}\n\nWhat does it do?", "What does it do?"),
        (
            f"Rules:\n\n- please be short\n- be kind\n\n---\n\n{TEXT}",
            "Rules:\n\n- please be short\n",
        ),
        ("Translate this to French. " + "Green is good " * 3_000, "Translate this to French."),
    ],
)
def test_instructions_in_the_same_message(content: str, instructions: str) -> None:
    """A short question above or below the text, with or without a blank line, is found."""
    task = found(content)
    assert task is not None
    assert task.instructions.startswith(instructions)
    assert len(task.text) > 0.95 * len(content) - 300
    assert task.text in content


@pytest.mark.parametrize(
    ("contents", "instructions"),
    [
        ((TEXT, "Shorter, as a list"), "Shorter, as a list"),
        (("Was steht darin? Bitte kurz:", TEXT), "Was steht darin? Bitte kurz:"),
        (("Please read this", TEXT, "Who speaks?"), "Please read this\n\nWho speaks?"),
    ],
)
def test_instructions_in_a_message_of_their_own(
    contents: tuple[str, ...], instructions: str
) -> None:
    """What stands in the first or the last message is the instructions, and the rest the text."""
    task = found(*contents)
    assert task is not None
    assert (task.instructions, task.text) == (instructions, TEXT)


def test_the_text_stands_in_an_earlier_message() -> None:
    """A short question is about the long text that was sent before the last answer."""
    answer = Message(role=Role.ASSISTANT, content="I have read it.")
    task = find_task((user(TEXT), answer, user("Who is named")))
    assert task is not None
    assert (task.instructions, task.text) == ("Who is named", TEXT)


@pytest.mark.parametrize(
    "wish",
    [
        "Sum this up in one sentence.",
        "Sum up the text",
        "Briefly sum the whole text up.",
        "Can you sum it up in three points",
        "Rephrase this",
        "Simplify the text below.",
        "Bitte fasse das in einem Satz zusammen.",
        "Fass das zusammen",
        "请概括",
        "总结一下",
        "归纳要点",
        "翻译成英文",
        "概述下面的文章",
        "简述主要内容",
        "简要介绍一下这篇文章",
        "提炼要点",
        "梳理全文的结构",
        "校对以下文字",
        "把下面的内容改成三句话",
        "给我一个摘要",
    ],
)
def test_a_wish_is_known_without_please(wish: str) -> None:
    """What is wished is found above the text and below it, in the words people use for it."""
    for content in (f"{wish}\n\n{TEXT}", f"{TEXT}\n\n{wish}"):
        task = found(content)
        assert task is not None
        assert task.instructions == wish


@pytest.mark.parametrize(
    "line",
    [
        "概述",
        "摘要：本文介绍玫瑰。",
        "介绍了三种植物。",
        "给我留下的印象很深。",
        "把这件事说完之后，他走了。",
        "The sum went up.",
    ],
)
def test_the_words_of_a_text_are_no_wish(line: str) -> None:
    """A heading or a sentence of the text with the same words is not what is asked of it."""
    assert found(f"{line}\n\n{CHINESE}") is None


@pytest.mark.parametrize("content", [TEXT, CHINESE, "a" * 50_000, "# Gardens\n\n" + TEXT, CODE])
def test_no_instructions(content: str) -> None:
    """A text that asks nothing has no instructions, unless a system message gives them."""
    assert found(content) is None
    system = Message(role=Role.SYSTEM, content="Translate what I send.")
    task = find_task((system, user(content)))
    assert task is not None
    assert (task.instructions, task.text) == ("", content)
