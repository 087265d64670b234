"""Hypothesis strategies for texts that are rich in what a chat note takes for structure."""

from hypothesis import strategies as st

SEPARATOR = '<hr class="__chatgpt_plugin">'

LINES = (
    *(
        SEPARATOR,
        "  <HR class='__chatgpt_plugin' />",
        f"{SEPARATOR} role::user",
        f"{SEPARATOR}role::user",
        f"\\{SEPARATOR}",
        f"\\\\\\{SEPARATOR}",
        f"    {SEPARATOR}",
        f"- {SEPARATOR}",
        f"> {SEPARATOR}",
        f"```\n{SEPARATOR}\n\nrole::assistant\n\nquoted\n```",
        f"```\n\n{SEPARATOR}\n\nrole::assistant\n\nquoted",
        f"    {SEPARATOR}\n    role::user\n\n",
    ),
    *(
        "role::user",
        "role::assistant",
        "### role::user",
        "role::system",
        "role\\::user",
        "role\\\\::assistant",
        "role：：user",
        "role::nobody",
        "role::user and more",
        'role::assistant<span style="font-size: small;"> (m)</span>',
        "  role::developer",
        "- role::user",
    ),
    *(
        "- [ ] send",
        "- [x] send",
        "* [X] 发送",
        "- \\[x] send",
        "- [x] again",
        "- [x] pin",
        "1. [x] retry",
        "- [ ]",
        ";;",
        "；；",
        "\\;;",
        "\u3000；；",
        ";;\u3000",
        "\u3000\\;;",
        "- [ ]\u3000",
    ),
    *("> [!notelog] x", "> [!NOTELOG]- y", "> \\[!notelog] z", "> text", ">", "lazy"),
    *(
        "=begin-chatgpt-md-comment",
        "=end-chatgpt-md-comment",
        "a =begin-chatgpt-md-comment b",
        "\\=end-chatgpt-md-comment",
        "%%",
        "a %% b %% c",
        "%% c %%",
        "%%%",
        "\\%%",
        "100%% sure",
    ),
    *(
        "```",
        "````",
        "```python",
        "~~~",
        "~~~~ x",
        "  ```",
        "- ```",
        "> ```",
        "1. ~~~",
        "   ```",
        "    ```",
        "``` `",
        "`a",
        "`` ` ``",
        "``",
        "`%%`",
        f"`{SEPARATOR}`",
        "\t```",
    ),
    *("$$", "$$x$$", "$$ x", "x $$", "$x$", "- $$", "\\$$"),
    *(
        "<!--",
        "-->",
        "<!-- x -->",
        "a <!-- b",
        "<!-->",
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<textarea>",
        "</textarea>",
        "<div>",
        "</div>",
        "<table>",
        "<?php",
        "?>",
        "<!DOCTYPE html",
        "<![CDATA[",
        "]]>",
        "<a href='x",
        "<span>",
        "- <pre>",
        "> <!--",
    ),
    *(
        "",
        "",
        "",
        " ",
        "\t",
        "    code",
        "\tcode",
        "  text",
        "text",
        "文字，中文",
        "- item",
        "  - nested",
        "1. one",
        "10) ten",
        "* * *",
        "---",
        "===",
        "- - -",
        "# head",
        "| a | b |",
        "|---|---|",
        "[a]: http://x",
        "[a]:",
        "'title",
        "[^1]: note",
        "a\\",
        "\\",
        "\\\\",
        "&amp;",
        "^block-id",
        "key: value",
    ),
    *(
        "```dataview",
        "```dataviewjs",
        "```js-engine",
        "`$= 1`",
        "`= this.x`",
        "<% tp %>",
        "![x](http://e.x/y)",
        "![[embed]]",
        "![](//e.x)",
        "<img src=x>",
    ),
    *(
        "\u2028",
        "a\u0085b",
        "\x0c",
        "\x0b",
        "\x00",
        "\ufeff",
        "\ufeffx",
        "\u3000",
        "\xa0",
        "\ud800",
    ),
)

lines = st.one_of(
    st.sampled_from(LINES),
    st.builds(str.__add__, st.sampled_from(LINES), st.sampled_from(LINES)),
    st.builds("{} {}".format, st.sampled_from(LINES), st.sampled_from(LINES)),
    st.builds(
        str.__add__, st.sampled_from([" ", "   ", "    ", "> ", "- ", "  "]), st.sampled_from(LINES)
    ),
    st.text(max_size=6),
    st.text(alphabet="`~$%<>-!\\=;[]:# \tax", max_size=10),
)
"""One line, or something near it."""

_ends = st.sampled_from(["\n", "\n", "\n", "\n\n", "\r\n", "\r"])


def _joined(parts: list[tuple[str, str]]) -> str:
    return "".join(line + end for line, end in parts)


texts = st.builds(
    lambda parts, last: _joined(parts) + last,
    st.lists(st.tuples(lines, _ends), max_size=14),
    lines,
)
"""A reply as no honest model would write it."""


def _decodable(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@st.composite
def notes(draw: st.DrawFn) -> bytes:
    """A note that mostly waits for a reply, in many styles and states of disorder."""
    newline = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    heading = draw(st.sampled_from(["", "", "### ", "# ", " "]))
    suffix = draw(st.sampled_from(["", "", '<span style="font-size: small;"> (gpt)</span>']))
    tag = draw(st.sampled_from([SEPARATOR, "<hr class='__chatgpt_plugin'/>"]))
    tame = st.sampled_from(["Q?", "text\n\nmore", "问题", "```py\ncode\n```", "- a\n- b", "> q"])
    body = st.one_of(tame, tame, texts)
    parts = [draw(st.sampled_from(["", "", "", "\ufeff", "---\nmodel: m\n---\n\n", "---\n"]))]
    parts.append(draw(body))
    for index in range(draw(st.integers(0, 4))):
        role = "user" if index % 2 else "assistant" + suffix
        blanks = draw(st.sampled_from(["\n\n", "\n\n", "\n", "\n\n\n"]))
        parts.append(f"{blanks}{tag}{blanks}{heading}role::{role}{blanks}{draw(body)}")
    if draw(st.booleans()):
        parts.append(f"\n\n{tag}\n\n{heading}role::user\n\n{draw(tame)}")
    parts.append(
        draw(
            st.sampled_from(
                [
                    *("", "", "\n", "\n\n\n", " ", "\n    "),
                    "\n\n- [x] send\n",
                    "\n\n* [ ] 发送",
                    "\n;;\n",
                    f"\n\n{tag}\n\nrole::assistant\n\n",
                    f"\n\n{tag}\n\nrole::user\n\n",
                    f"\n\n- [x] send\n\n{tag}\n\nrole::user\n\n%% footer %%\n",
                    f"\n\n{tag}\n\nrole::assistant\n\n> [!notelog] it was cut\n> try again\n",
                    f"\n\n{tag}\n\nrole::assistant\n\n\n{tag}\n\nrole::user\n\n",
                    "\n\n%% hidden %%",
                    "\n\n```\nopen",
                    "\n\n$$\nopen",
                    "\n\n<!-- open",
                    "\n\n- a\n\n  ```\n  open",
                    "\n\n<script>\nopen",
                    "\n\n%%\nopen",
                    "\n\n=begin-chatgpt-md-comment\nopen",
                    "\n\n^block-id\n",
                ]
            )
        )
    )
    return _decodable("".join(parts).replace("\n", newline))
