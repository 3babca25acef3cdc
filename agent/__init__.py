"""One browsing agent: models, protocols, the graph, the session and its trace.

from agent import SessionSpec, run_session
result = run_session(SessionSpec(persona="hedonist", videos=10))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.session import LiveOptions, SessionResult, arun_session, run_session
    from agent.spec import Limits, SessionSpec

__all__ = ["Limits", "LiveOptions", "SessionResult", "SessionSpec", "arun_session", "run_session"]

_HOME = {"Limits": "agent.spec", "SessionSpec": "agent.spec"}


def __getattr__(name: str) -> Any:
    """The public names, loaded when used."""
    if name not in __all__:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOME.get(name, "agent.session")), name)
