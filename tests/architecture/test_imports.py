"""The command starts at once: nothing heavy is imported before it is needed."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from program import Program

PACKAGE = Path(__file__).parents[2] / "notelog"
HEAVY = (
    "openai", "httpx2", "tiktoken", "markdown_it", "watchdog", "ruamel", "rich", "asyncio",
    "sqlite3", "keyring", "xllamacpp", "msgspec", "platformdirs", "filelock",
)  # fmt: skip
ONE_FILE_EACH = {
    "openai": "adapters/openai_chat.py",
    "tiktoken": "adapters/tiktoken_counter.py",
    "ruamel": "adapters/yaml_frontmatter.py",
    "markdown_it": "core/blocks.py",
    "watchdog": "adapters/watchdog_watcher.py",
}


def modules_after(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import sys\nfrom notelog.__main__ import run\n"
        f"code = run({list(arguments)!r})\n"
        "print('MODULES', *sorted(name.partition('.')[0] for name in sys.modules))\n"
    )
    with TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env=Program(Path(home)).environment,
        )
    return set(done.stdout.rpartition("MODULES")[2].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], []])
def test_version_and_help_need_next_to_nothing(arguments: list[str]) -> None:
    """They import neither click nor dataclasses nor anything heavy."""
    assert not modules_after(*arguments) & {*HEAVY, "click", "dataclasses", "logging", "json"}


def test_show_imports_nothing_heavy(tmp_path: Path) -> None:
    """``show`` on a small note, front matter included, imports no heavy package."""
    note = tmp_path / "note.md"
    note.write_bytes(b"---\nmodel: gpt-4o\ntemperature: 0\n---\n\nhello there\n\n- [ ] send\n")
    assert not modules_after("show", str(note)) & {*HEAVY, "logging", "urllib", "http"}


def test_nothing_due_never_imports_openai(tmp_path: Path) -> None:
    """``complete`` on an answered note finds nothing to do without the client."""
    note = tmp_path / "note.md"
    note.write_bytes(b'q\n\n<hr class="__chatgpt_plugin">\n\nrole::assistant\n\na\n')
    assert not modules_after("complete", str(note)) & {"openai", "httpx2", "tiktoken", "rich"}


def imports_of(path: Path) -> set[str]:
    """The top-level names of the packages that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(("package", "home"), ONE_FILE_EACH.items())
def test_one_file_imports_each_dependency(package: str, home: str) -> None:
    """Each of these packages is imported by its one file and by no other."""
    users = {
        str(path.relative_to(PACKAGE).as_posix())
        for path in PACKAGE.rglob("*.py")
        if package in imports_of(path)
    }
    assert users <= {home}


@pytest.mark.parametrize(
    "banned",
    [r"\.splitlines\(", r"\.read_text\(", r"\.write_text\(", r"(?<!fd)open\([^)]*['\"][wa]['\"]"],
)
def test_text_is_never_split_or_written_by_guess(banned: str) -> None:
    """These cut lines where Markdown does not, change line ends, or empty a file before writing."""
    users = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(banned, path.read_bytes().decode())
    ]
    assert users == []


def test_few_files_write_to_the_terminal() -> None:
    """Foreign text goes through ``cli/output.py`` or the reporter, which spell controls out."""
    writing = re.compile(r"sys\.std(?:out|err)\.write|^\s*print\(", re.MULTILINE)
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if writing.search(path.read_bytes().decode())
    }
    assert users == {"__main__.py", "cli/cmd_model.py", "cli/output.py"}
