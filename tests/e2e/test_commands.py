"""The commands besides ``complete``, as their user runs them."""

import json
import shlex
import stat
import subprocess
from pathlib import Path
from typing import cast

import pytest
from program import Program

SEPARATOR = '<hr class="__chatgpt_plugin">'
ANSWERED = f"Q\n\n{SEPARATOR}\n\nrole::assistant\n\nA\n"


def test_check_sorts_a_vault(program: Program, vault: Path) -> None:
    """Check tells chats from other notes, what is due and what is wrong; it sends nothing."""
    (vault / "due.md").write_text(f"{ANSWERED}\n{SEPARATOR}\n\nrole::user\n\n[[Plan]]?\n", "utf-8")
    (vault / "done.md").write_text(ANSWERED, "utf-8")
    (vault / "diary.md").write_text("# Monday\n", "utf-8")
    (vault / "wrong.md").write_text(f"Q\n\n{SEPARATOR}\n\nrole::bot\n", "utf-8")
    (vault / ".obsidian" / "hidden.md").write_text(ANSWERED, "utf-8")
    run = program.run("check", "--json", vault)
    notes = cast("list[dict[str, object]]", run.fields["notes"])
    states = {item["path"]: item["state"] for item in notes}
    assert run.code == 4
    assert states == {
        "due.md": "due",
        "done.md": "answered",
        "diary.md": "not-a-chat",
        "wrong.md": "error",
    }
    plain = program.run("check", vault)
    assert "wrong.md" in plain.out
    assert "[[Plan]]" in plain.out
    assert "diary.md" not in plain.out
    assert "1 in error" in plain.err
    assert plain.err.count("no profile") <= 1


def test_check_names_a_chat_whose_front_matter_is_broken(program: Program, vault: Path) -> None:
    """A note that is a chat by its line ``notelog:`` is one though YAML cannot read it."""
    (vault / "tea.md").write_text("---\nnotelog: mark\nmodel: a: b\n---\nWhat is tea?\n", "utf-8")
    (vault / "diary.md").write_text("---\ntitle: a: b\n---\nOn notelog: nothing.\n", "utf-8")
    run = program.run("check", vault)
    assert run.code == 4
    assert "tea.md:3: the front matter cannot be read" in run.out
    assert "diary.md" not in run.out
    assert "2 notes: 1 chat, 0 due" in run.err


def test_check_tells_how_to_make_the_first_chat(program: Program, vault: Path) -> None:
    """In a vault without a chat, and only there, it says what makes one."""
    (vault / "diary.md").write_text("# Monday\n", "utf-8")
    assert "notelog new NOTE" in program.run("check", vault).err
    (vault / "done.md").write_text(ANSWERED, "utf-8")
    assert "notelog new NOTE" not in program.run("check", vault).err


@pytest.mark.parametrize("name", ["-dash", "a b", "x $HOME `id` !y", "it's", "a\\b", 'q"q'])
def test_what_new_advises_can_be_copied(program: Program, vault: Path, name: str) -> None:
    """A shell takes the command that is advised as it stands: it names exactly this note."""
    run = program.run("new", "--", name, "What is tea?", cwd=vault)
    *_, note = shlex.split(run.err.strip().removeprefix("ask it with: "))
    assert (vault / note).read_bytes() == (vault / f"{name}.md").read_bytes()
    assert program.run("show", note, cwd=vault).code == 0
    echo = subprocess.run(
        ["sh", "-c", f"echo() {{ printf '%s' \"$3\"; }}; echo {run.err.partition(': ')[2]}"],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert echo.stdout.decode() == note


@pytest.mark.parametrize("name", ["", ".", "..", "sub/", ".md"])
def test_a_note_without_a_name_is_not_made(program: Program, vault: Path, name: str) -> None:
    """An empty variable of a script is no note: nothing hidden comes to lie in the vault."""
    (vault / "sub").mkdir()
    run = program.run("new", name, "What is tea?", cwd=vault)
    assert run.code == 2
    assert "no note is named" in run.err
    assert not list(vault.rglob("*.md"))


def test_new_makes_a_note_with_a_box(program: Program, vault: Path) -> None:
    """New writes a chat note once, and never over another."""
    note = vault / "新.md"
    run = program.run(
        "new", vault / "新", "什么是 token？", "--model", "gpt-4o", "--system", "简短"
    )
    assert (run.code, run.out) == (0, f"{note}\n")
    shown = program.run("show", "--json", note).fields
    assert shown["state"] == "due"
    messages = cast("list[dict[str, object]]", shown["messages"])
    assert [(item["role"], item["content"]) for item in messages] == [
        ("system", "简短"),
        ("user", "什么是 token？"),
    ]
    before = note.read_bytes()
    assert before.endswith(b"\n- [ ] send\n")
    again = program.run("new", note)
    assert again.code == 4
    assert note.read_bytes() == before


def values_of(program: Program) -> list[object]:
    """Every value of the configuration that holds."""
    rows = program.run("config", "show", "--json").fields["values"]
    return [row["value"] for row in cast("list[dict[str, object]]", rows)]


def test_init_writes_a_configuration_once(program: Program) -> None:
    """Init writes a private commented file that changes nothing, and never over another."""
    bare = values_of(program)
    run = program.run("init")
    path = Path(run.out.strip())
    assert run.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert program.run("config", "path").out.strip() == str(path)
    written = path.read_bytes()
    assert values_of(program) == bare
    again = program.run("init", "--profile", "ollama", "--model", "llama3.2", "--key")
    assert again.code == 3
    assert 'default_profile = "ollama" into it' in again.err
    assert 'model = "llama3.2" under [profiles.ollama]' in again.err
    assert path.read_bytes() == written


def test_config_show_tells_origins_and_no_key(program: Program) -> None:
    """Each value comes with its origin; of a key only the source is shown."""
    program.serve("http://127.0.0.1:9/v1")
    out = program.run("config", "show", "--origin").out
    assert 'default_profile = "test"  # config.toml:1' in out
    assert 'profiles.test.key = "environment TEST_KEY"' in out
    assert "canary" not in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(program: Program, shell: str) -> None:
    """The script for each shell asks the program itself."""
    run = program.run("completion", shell)
    assert run.code == 0
    assert f"_NOTELOG_COMPLETE={shell}_complete" in run.out


def test_the_program_completes_commands(tmp_path: Path) -> None:
    """What the script asks for gives the commands that begin so."""
    asked = {"_NOTELOG_COMPLETE": "bash_complete", "COMP_WORDS": "notelog c", "COMP_CWORD": "1"}
    run = Program(tmp_path, asked).run()
    assert {"plain,complete", "plain,check", "plain,config", "plain,completion"} <= set(
        run.out.split()
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["complet", "x"], "did you mean 'complete'? see notelog --help for the commands"),
        (["service", "instal"], "did you mean 'install'? see notelog service --help"),
        (["show", "--jsn", "x"], "--json"),
        (["complete"], "NOTE"),
        (["complete", "--temperature", "7", "x"], "temperature"),
    ],
)
def test_slips_on_the_command_line(program: Program, arguments: list[str], word: str) -> None:
    """A slip exits 2 with a sentence that leads on."""
    run = program.run(*arguments)
    assert run.code == 2
    assert word in run.err
    assert run.err.startswith("notelog: ")


def test_model_show_and_tokens(program: Program, vault: Path) -> None:
    """What is known of a model, and the tokens of a note, without any configuration."""
    assert "128,000" in program.run("model", "show", "gpt-4o").out
    note = vault / "n.md"
    note.write_text("tiktoken is great!\n", "utf-8")
    counted = json.dumps(program.run("tokens", "--json", note).fields)
    assert "gpt-4o" in counted


def test_quiet_and_verbose(program: Program, vault: Path) -> None:
    """-q says nothing but errors; -v adds the log line of the turn, without its text."""
    note = vault / "n.md"
    note.write_text(ANSWERED, "utf-8")
    quiet = program.run("-q", "complete", note)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    loud = program.run("-v", "complete", note)
    assert "outcome=nothing-due" in loud.err
    failing = program.run("-q", "complete", vault / "none.md")
    assert "no such note" in failing.err
