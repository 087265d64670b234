"""The local model's server: what runs in the child process.

It is started as a script and imports nothing of notelog. What it is to do comes as JSON in its
first argument and the key in the environment. It prints one line of JSON: where it listens, or
why it cannot. It ends when its standard input closes, so also when whoever started it was killed.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, cast

KEY_VARIABLE = "NOTELOG_LOCAL_KEY"

Fault = Literal["engine-missing", "library-missing", "model-refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """What the child is to serve.

    Attributes:
        model_path: the GGUF file.
        model_name: the name that replies carry, instead of that path.
        context_window: in tokens; never more than the model was trained for.
        threads: for the arithmetic.
        idle_seconds: after this long without a request the model is unloaded.
    """

    model_path: str
    model_name: str
    context_window: int
    threads: int
    idle_seconds: int


class _Server(Protocol):
    """The engine's server, listening from its construction on."""

    listening_address: str


class _Engine(Protocol):
    """What is used of the package xllamacpp, which carries no types."""

    def CommonParams(self) -> object: ...  # noqa: N802  # the package's own name

    def Server(self, params: object) -> _Server: ...  # noqa: N802  # the package's own name


def server_parameters(order: ChildOrder, key: str) -> Mapping[str, object]:
    """The engine's parameters by name: one request at a time, loopback only, no page."""
    return {
        "model.path": order.model_path,
        "model_alias": {order.model_name},
        "n_ctx": order.context_window,
        "n_parallel": 1,
        "cpuparams.n_threads": order.threads,
        "cpuparams_batch.n_threads": order.threads,
        "fit_params": False,
        "cache_ram_mib": 0,
        "sleep_idle_seconds": order.idle_seconds,
        "sse_ping_interval": 5,  # seconds: a sign of life while a long prompt is read
        "hostnames": ["127.0.0.1"],
        "port": 0,
        "api_keys": [key],
        "cors_origins": "http://localhost",  # the default reflects any Origin
        "endpoint_slots": False,
        "ui": False,
        "offline": True,
        "verbosity": 1,  # errors only
    }


def _start(parameters: Mapping[str, object]) -> _Server:
    engine = cast("_Engine", import_module("xllamacpp"))
    params = engine.CommonParams()
    for name, value in parameters.items():
        *path, last = name.split(".")
        target = params
        for part in path:
            target = cast("object", getattr(target, part))
        setattr(target, last, value)
    return engine.Server(params)


def _end_when_orphaned() -> None:
    """Ends this process once standard input closes.

    The thread does it on every system. The engine holds the interpreter while it loads a model
    (all of the 0.9 s of a small one), when no thread of ours runs: there, on Linux, the kernel
    does it, by a signal that ends the process unless it is handled.
    """
    threading.Thread(target=_wait_for_end_of_input, daemon=True).start()
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def _wait_for_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


def _report(channel: int, **what: str) -> None:
    """Writes the one line to whoever started this process."""
    os.write(channel, json.dumps(what).encode() + b"\n")
    os.close(channel)


def _private_channel() -> int:
    """Takes standard output away from the engine, whose log would land in it, for the report."""
    channel = os.dup(1)
    os.dup2(2, 1)
    return channel


def main(argument: str) -> int:
    """Serves until standard input closes; the exit code is 1 where it cannot."""
    channel = _private_channel()
    _end_when_orphaned()
    order = ChildOrder(**json.loads(argument))
    fault: Fault
    try:
        server = _start(server_parameters(order, os.environ.pop(KEY_VARIABLE)))
    except ModuleNotFoundError as error:
        fault, reason = "engine-missing", str(error)
    except ImportError as error:
        fault, reason = "library-missing", str(error)
    except RuntimeError as error:
        fault, reason = "model-refused", str(error)
    else:
        _report(channel, address=server.listening_address)
        threading.Event().wait()
        return 0
    _report(channel, fault=fault, reason=reason)
    return 1


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stderr.flush()
    os._exit(code)  # the engine's own end takes up to 30 s while it generates
