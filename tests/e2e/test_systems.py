"""Languages, encodings and systems: the same note is answered everywhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from on_terminal import on_a_terminal
from program import Program
from scripted_server import ScriptedServer, reply

SEPARATOR = '<hr class="__chatgpt_plugin">'
LOCALES = {
    "the C locale": {"LC_ALL": "C"},
    "POSIX without UTF-8 mode": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a terminal in GBK": {"PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"},
    "a terminal in ASCII": {"PYTHONIOENCODING": "ascii"},
}


def answered(program: Program, note: Path, text: str = "好的。") -> bytes:
    """Completes a note and gives its bytes."""
    with ScriptedServer([reply(text)]) as server:
        program.serve(server.base_url)
        run = program.run("complete", note)
    assert run.code == 0, run.err
    return note.read_bytes()


@pytest.mark.parametrize("name", LOCALES)
def test_locales(tmp_path: Path, vault: Path, name: str) -> None:
    """Whatever the terminal speaks, the note is answered in UTF-8 and nothing fails to print."""
    program = Program(tmp_path / "home", LOCALES[name])
    note = vault / "问题 😀.md"
    note.write_bytes("你好吗？😀\n".encode())
    with ScriptedServer([reply("很好 😀")]) as server:
        program.serve(server.base_url)
        with program.start("complete", note) as process:
            out, err = process.communicate(timeout=60)
        with program.start("show", "--json", note) as process:
            shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    assert "很好 😀".encode() in note.read_bytes()
    encoding = "gbk" if "GBK" in name else "utf-8"
    assert json.loads(shown.decode(encoding))["messages"][1]["content"] == "很好 😀"
    if "GBK" in name:
        assert out.decode("gbk").startswith("很好")


@pytest.mark.parametrize(
    ("newline", "bom"), [("\n", ""), ("\r\n", ""), ("\r\n", "\ufeff"), ("\r", "")]
)
def test_line_ends_and_bom(program: Program, vault: Path, newline: str, bom: str) -> None:
    """A reply takes the note's line ends; the BOM stays where it is and is not sent."""
    note = vault / "note.md"
    old = f"{bom}第一行{newline}第二行{newline}".encode()
    note.write_bytes(old)
    data = answered(program, note, "一\n二")
    assert data.startswith(old)
    new = data[len(old) :].decode()
    assert new.replace(newline, "") == new.replace("\r", "").replace("\n", "")
    assert f"一{newline}二{newline}" in new


@pytest.mark.parametrize(
    "name", ["-leading dash.md", 'quo\'te "s".md', "a" * 250 + ".md", "😀 émoji　全角.md", "~.md"]
)
def test_names(program: Program, vault: Path, name: str) -> None:
    """Any name that the file system allows will do."""
    note = vault / name
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--", name, cwd=vault)
    assert run.code == 0, run.err
    assert b"A." in note.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only here are names bytes")
def test_a_name_that_is_no_text(program: Program, vault: Path) -> None:
    """A file name that is not UTF-8 is answered, and shown with escapes."""
    path = os.fsencode(vault) + b"/\xff\xfe.md"
    Path(os.fsdecode(path)).write_bytes(b"Q\n")
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        run = program.run("complete", "--json", os.fsdecode(path))
    assert run.fields["outcome"] == "answered"
    assert program.run("check", vault).code == 0


def test_a_symlinked_vault_is_the_same_vault(program: Program, vault: Path) -> None:
    """Through a symlink the same note is found, written, and known to be answered."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    other = vault.parent / "link"
    other.symlink_to(vault)
    answered(program, other / "note.md")
    assert not note.is_symlink()
    assert "already answered" in program.run("complete", note).err


def test_a_configuration_from_windows(program: Program, vault: Path) -> None:
    """config.toml may have a BOM and CR LF."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        path = program.home / "config" / "config.toml"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        assert program.run("complete", note).code == 0


def test_full_width_marks(program: Program, vault: Path) -> None:
    """A Chinese keyboard's colon and semicolon work in markers and as the send mark."""
    note = vault / "note.md"
    note.write_bytes(f"一\n\n{SEPARATOR}\n\nrole：：user\n\n二\n\n；；\n".encode())
    shown = program.run("show", "--json", note).fields["messages"]
    assert isinstance(shown, list)
    assert [item["content"] for item in shown] == ["一", "二"]


def test_closed_streams(program: Program, vault: Path) -> None:
    """With standard input, output and errors closed the note is answered all the same."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        command = f'exec "{sys.executable}" -m notelog complete "{note}" <&- >&- 2>&-'
        variables = {"TEST_KEY": "k", **program.environment}
        done = subprocess.run(["sh", "-c", command], env=variables, check=False, timeout=60)
    assert done.returncode == 0
    assert b"A." in note.read_bytes()


def test_a_home_that_is_not_set(program: Program, vault: Path) -> None:
    """Without HOME the folders that are named are used."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("A.")]) as server:
        program.serve(server.base_url)
        variables = {"TEST_KEY": "k", **program.environment}
        del variables["HOME"]
        command = [sys.executable, "-m", "notelog", "complete", str(note)]
        done = subprocess.run(command, env=variables, check=False, timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_terminal_shows_the_reply_rendered(program: Program, vault: Path) -> None:
    """On a terminal Markdown is rendered, the cursor comes back, and the figures end it."""
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("# 标题\n\nSome **bold** text.\n\n- one\n- two")]) as server:
        program.serve(server.base_url)
        code, written = on_a_terminal(program, "complete", note)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    assert "**" not in plain
    assert "标题" in plain
    assert "• two" in plain
    assert written.rfind("\x1b[?25h") >= written.rfind("\x1b[?25l")
    assert plain.rstrip().rpartition("\n")[2].count("7 tokens in, 3 out") == 1
    assert b"- two" in note.read_bytes()


def test_no_colour_when_none_is_wanted(tmp_path: Path, vault: Path) -> None:
    """NO_COLOR takes the colours out."""
    program = Program(tmp_path / "home", {"NO_COLOR": "1"})
    note = vault / "note.md"
    note.write_bytes(b"Q\n")
    with ScriptedServer([reply("# Title\n\n`code`")]) as server:
        program.serve(server.base_url)
        code, written = on_a_terminal(program, "complete", note)
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|38;|48;)[0-9;]*m", written)
