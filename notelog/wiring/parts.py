"""The adapters, built."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from notelog.adapters.tiktoken_counter import TiktokenCounter
    from notelog.app.due import Completing
    from notelog.app.reading import Reading
    from notelog.core.settings import Config
    from notelog.ports.breakers import Breakers
    from notelog.ports.journal import Journal
    from notelog.ports.learned import LearnedFigures
    from notelog.ports.models import ModelStore
    from notelog.ports.notes import Snapshot
    from notelog.ports.people import Showing
    from notelog.ports.servers import LocalServer, ServerFigures


def load_config() -> "Config":
    """The configuration of this user; see ``adapters.config_toml``."""
    from notelog.adapters.config_toml import load_config as load
    from notelog.adapters.places import config_dir

    return load(config_dir(), os.environ)


def reading(config: "Config") -> "Reading":
    """Reads notes, up to the size and with the end marks that the configuration says."""
    from notelog.adapters.files import NoteFiles
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.app.reading import Reading
    from notelog.core.end_marks import end_marks_of

    return Reading(
        store=NoteFiles(size_limit_bytes=config.note_size_limit_bytes),
        read_front_matter=read_front_matter,
        end_marks=end_marks_of(config.watch.end_marks),
    )


def plain_reading() -> "Reading":
    """Reads notes without the configuration, unless it names end marks."""
    from notelog.adapters.config_glance import names_end_marks
    from notelog.adapters.places import config_dir

    return reading(load_config()) if names_end_marks(config_dir()) else usual_reading()


def usual_reading() -> "Reading":
    """Reads notes as where nothing is configured."""
    from notelog.adapters.files import NoteFiles
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.app.reading import Reading

    return Reading(store=NoteFiles(), read_front_matter=read_front_matter)


def completing(
    config: "Config", showing: "Showing", cancelled: "Callable[[], bool]"
) -> "Completing":
    """What ``app.complete`` needs."""
    import random

    from notelog.adapters.ollama_figures import OllamaFigures
    from notelog.adapters.openai_chat import OpenAIChat
    from notelog.adapters.secrets import SystemSecrets
    from notelog.adapters.system_clock import SystemClock
    from notelog.app.ask import Asking
    from notelog.app.due import Completing

    clock = SystemClock()
    chance = random.SystemRandom().random
    return Completing(
        reading=reading(config),
        config=config,
        count=counter().count,
        asking=Asking(completions=OpenAIChat(), clock=clock, reporter=showing, chance=chance),
        figures=server_figures(),
        loaded=OllamaFigures(),
        learned=learned(showing.notice),
        secrets=SystemSecrets(os.environ),
        local_server=local_server(),
        breakers=breakers(showing.notice),
        open_journal=open_journal,
        clock=clock,
        reporter=showing,
        cancelled=cancelled,
    )


def learned(notice: "Callable[[str], None]") -> "LearnedFigures":
    """Remembers what servers say of their models."""
    from time import time

    from notelog.adapters.learned_figures import LearnedFile
    from notelog.adapters.places import state_dir

    return LearnedFile(state_dir(), now=time, notice=notice)


def breakers(notice: "Callable[[str], None]") -> "Breakers":
    """Remembers which profiles are stopped."""
    from notelog.adapters.breaker_file import BreakerFile
    from notelog.adapters.places import state_dir

    return BreakerFile(state_dir(), notice=notice)


def unsaid(_sentence: str) -> None:
    """What is read only for a figure more is not worth a word where it cannot be read."""


def server_figures() -> "ServerFigures":
    """Asks servers that count for themselves."""
    from time import time

    from notelog.adapters.llamacpp_figures import LlamaCppFigures
    from notelog.adapters.places import cache_dir
    from notelog.adapters.silent_servers import SilentServers
    from notelog.adapters.vllm_figures import FiguresOfKind, VllmFigures

    silent = SilentServers(cache_dir(), now=time)
    return FiguresOfKind(LlamaCppFigures(), VllmFigures(silent.known, silent.keep))


def local_server() -> "LocalServer":
    """Starts the embedded model."""
    from notelog.adapters.local_server import EmbeddedServer
    from notelog.adapters.model_files import user_models_folder

    return EmbeddedServer(user_models_folder())


def open_journal(snapshot: "Snapshot") -> "AbstractContextManager[Journal]":
    """Opens the journal of the vault that holds a note."""
    from notelog.adapters.journal_sqlite import open_journal
    from notelog.adapters.places import state_dir, vault_of
    from notelog.adapters.watch_place import watched_roots

    state = state_dir()
    return open_journal(vault_of(snapshot.real_path, watched_roots(state)), state)


def counter() -> "TiktokenCounter":
    """Counts tokens, and remembers what was counted from one command to the next."""
    from notelog.adapters.count_cache import CountCache
    from notelog.adapters.places import cache_dir
    from notelog.adapters.tiktoken_counter import TiktokenCounter

    return TiktokenCounter(CountCache(cache_dir()))


def model_files() -> "ModelStore":
    """The model files in the user's cache."""
    from notelog.adapters.model_files import ModelFiles, user_models_folder

    return ModelFiles(user_models_folder())
