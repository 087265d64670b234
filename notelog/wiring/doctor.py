"""The command that looks whether all is well."""

import os
from typing import TYPE_CHECKING

from notelog.wiring.parts import load_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notelog.app.doctor import Doctoring, Wish
    from notelog.core.checkup import Remark


def examine(wish: "Wish") -> "Iterator[Remark]":
    """Looks at all that notelog needs; see ``app.doctor``."""
    from notelog.app.doctor import examine as examine_all

    return examine_all(_doctoring(), wish)


def vault_here() -> str | None:
    """The vault that the current folder lies in, if it lies in one."""
    from pathlib import Path

    from notelog.adapters.places import vault_above

    found = vault_above(Path())
    return None if found is None else str(found)


def _doctoring() -> "Doctoring":
    from time import time

    from notelog.adapters.config_toml import config_path
    from notelog.adapters.local_server import EmbeddedServer
    from notelog.adapters.machine import ThisMachine
    from notelog.adapters.model_files import user_models_folder
    from notelog.adapters.model_lists import ServerModels
    from notelog.adapters.places import config_dir, state_dir
    from notelog.adapters.secrets import SystemSecrets
    from notelog.adapters.vault_trial import VaultFolder
    from notelog.app.configure import key_source
    from notelog.app.doctor import Doctoring

    return Doctoring(
        config=load_config,
        config_path=str(config_path(config_dir())),
        config_folder=config_dir(),
        state_folder=state_dir(),
        machine=ThisMachine(
            state_dir(), EmbeddedServer(user_models_folder()).installed, _load_packages
        ),
        trial=VaultFolder(),
        lists=ServerModels(),
        secrets=SystemSecrets(os.environ),
        key_words=lambda profile: key_source(profile.key),
        now=time,
    )


def _load_packages() -> None:
    """Loads what a request needs: a package that is here may be broken all the same."""
    from notelog.adapters.openai_chat import load_openai
    from notelog.adapters.tiktoken_counter import load_encoding

    load_openai()
    load_encoding("o200k_base")
