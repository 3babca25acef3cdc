"""Protocols by name. A new one is a new file and one line here."""

from __future__ import annotations

from agent.protocols.base import FeedbackProtocol
from agent.protocols.choice import ChoiceProtocol, ChoiceStepsProtocol
from agent.protocols.choice_chain import ChoiceChainProtocol
from agent.protocols.curating import CurateProtocol, SymbolsProtocol
from agent.protocols.feed import FeedProtocol
from agent.protocols.judging import JudgeProtocol, ScriptedJudgeProtocol
from agent.protocols.likelihood import LikelihoodProtocol
from agent.protocols.likert import LikertProtocol, SvsProtocol
from agent.protocols.nearest import NearestProtocol
from agent.protocols.open import OpenProtocol
from agent.protocols.rating import RatingProtocol
from agent.protocols.spectrum import SpectrumProtocol
from agent.protocols.staged import StagedProtocol
from agent.protocols.verdict import PairProtocol, VerdictProtocol
from personas.errors import SpecError

__all__ = ["PROTOCOLS", "asks_about_items", "make_protocol", "scores_given_texts", "takes_examples"]

PROTOCOLS: dict[str, type[FeedbackProtocol]] = {
    "feed": FeedProtocol,
    "staged": StagedProtocol,
    "likert": LikertProtocol,
    "likert-svs": SvsProtocol,
    "choice": ChoiceProtocol,
    "choice-steps": ChoiceStepsProtocol,
    "choice-chain": ChoiceChainProtocol,
    "likelihood": LikelihoodProtocol,
    "open": OpenProtocol,
    "rating": RatingProtocol,
    "verdict": VerdictProtocol,
    "verdict-pair": PairProtocol,
    "nearest": NearestProtocol,
    "spectrum": SpectrumProtocol,
    "curate": CurateProtocol,
    "symbols": SymbolsProtocol,
    "judge": JudgeProtocol,
    "judge-script": ScriptedJudgeProtocol,
}


def make_protocol(name: str) -> FeedbackProtocol:
    """The protocol of that name. Raises SpecError that lists the choices."""
    if name not in PROTOCOLS:
        raise SpecError(f"unknown protocol {name!r}; choose one of: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]()


def asks_about_items(name: str) -> bool:
    """Whether the protocol of that name asks about items of a deck, and not about clips."""
    return bool(getattr(PROTOCOLS[name], "deck", False))


def scores_given_texts(name: str) -> bool:
    """Whether the protocol of that name asks how likely given texts are (`agent.models.base.ScoringModel`)."""
    return bool(getattr(PROTOCOLS[name], "scores_given", False))


def takes_examples(name: str) -> bool:
    """Whether the protocol of that name can show other questions with their answers before one."""
    return bool(getattr(PROTOCOLS[name], "examples", False))
