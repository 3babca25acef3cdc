"""Strategies by name, and the protocol as a session asks it. A new strategy is a new file and one line here."""

from __future__ import annotations

from agent.protocols.base import FeedbackProtocol
from agent.protocols.registry import make_protocol
from agent.protocols.strategies.base import Strategy
from agent.protocols.strategies.isq import Isq
from agent.protocols.strategies.narrative import Narrative
from agent.protocols.strategies.placement import PLACEMENTS, placed
from agent.protocols.strategies.simple import Simple
from agent.protocols.strategies.untold import Untold
from personas.errors import SpecError

__all__ = ["PLACEMENTS", "STRATEGIES", "asked_protocol", "make_strategy", "strategy_fault"]

STRATEGIES: dict[str, type[Strategy]] = {
    "narrative": Narrative,
    "none": Untold,
    "simple": Simple,
    "isq": Isq,
}
"""The first is the default."""


def make_strategy(name: str) -> Strategy:
    """The strategy of that name. Raises SpecError that lists the choices."""
    if name not in STRATEGIES:
        raise SpecError(f"unknown strategy {name!r}; choose one of: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]()


def strategy_fault(strategy: str, protocol: str) -> str | None:
    """Why the two do not go together, and what to do; None where they do."""
    wanted = make_strategy(strategy).protocols
    if not wanted or protocol in wanted:
        return None
    return f"strategy {strategy} asks in the protocol {' or '.join(wanted)}, not {protocol}: change one of them"


def asked_protocol(protocol: str, strategy: str, placement: str) -> FeedbackProtocol:
    """The protocol as a session of this strategy and placement asks it. Raises SpecError where they do not go together."""
    if fault := strategy_fault(strategy, protocol):
        raise SpecError(fault)
    if placement not in PLACEMENTS:
        raise SpecError(f"unknown placement {placement!r}; choose one of: {', '.join(PLACEMENTS)}")
    return placed(make_strategy(strategy).asked(make_protocol(protocol)), placement)
