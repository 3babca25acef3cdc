"""Judges in tests: the scripted judge asked by the real protocol, without the engine, and the rows that the engine's runs would give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from agent.models.base import Design
from agent.models.registry import ModelOptions, make_model
from agent.protocols.base import Question as Asking
from agent.protocols.base import stimulus_slots
from agent.protocols.registry import make_protocol
from agent.session import run_session
from agent.spec import make_spec
from environments.base import ItemFacts, Stimulus, StimulusText
from environments.decks.questions import Question
from evals.judging.judgements import KINDS, Judgement, Pairing, Unmapped, item_of, kind_of
from evals.judging.verdicts import VERDICTS, _verdict, judge_name

__all__ = ["asked_by", "prompt_of", "run_answers", "stimulus_of", "write_items"]


def stimulus_of(item: Question) -> Stimulus:
    """As a deck shows an item without options."""
    facts = ItemFacts(reference=item.reference, about=dict(item.about))
    return Stimulus(item.id, 0, (), StimulusText(caption=item.text), 0.0, "deck", cluster=item.cluster, item=facts)


def prompt_of(item: Question, cell: int = 0):
    """What a judge is asked, and the protocol that asks."""
    protocol, stimulus = make_protocol(KINDS[kind_of(item)]), stimulus_of(item)
    slots = stimulus_slots(stimulus) | {"persona": "", "memory": ""}
    return protocol, stimulus, protocol.prompt(Asking(protocol.first_stage, cell), stimulus, slots, 0)


def asked_by(
    kind: str,
    judgements: Iterable[Judgement | Pairing | Unmapped],
    *,
    called: str | None = None,
    cells: Sequence[int] = (0,),
    **options: str,
) -> pl.DataFrame:
    """Rows of `read_judged` of scripted-judge/KIND, called as said."""
    model = make_model(f"scripted-judge/{kind}", ModelOptions(extra=options))
    rows = []
    for judgement in judgements:
        item = item_of(judgement)
        about = dict(item.about)
        for cell in cells:
            protocol, stimulus, prompt = prompt_of(item, cell)
            known = Design({}, {}, stimulus.item)
            reply = asyncio.run(model.ask(_with(prompt, known)))
            told = protocol.interpret(protocol.first_stage, reply, stimulus)
            scores = dict(told.decision.scores or {}) if told.decision else {}
            name = called or model.name
            rows.append(
                {
                    "judge": judge_name(name, cell),
                    "model": name,
                    "cell": cell,
                    "person": False,
                    "kind": about["kind"],
                    "judgement": item.id,
                    "respondent": about.get("answered_by", about.get("first_by", "")),
                    "item": about["of_item"],
                    "cluster": item.cluster,
                    "verdict": _verdict(about["kind"], scores) if told.decision else "unjudged",
                    "state": told.state.value,
                    "reason": told.fault,
                    "prediction": about.get("prediction", about.get("first_answer", "")),
                    "reference": item.reference,
                    "about": about,
                }
            )
    return pl.DataFrame(rows, schema=dict(VERDICTS))


def _with(prompt, known: Design):
    from dataclasses import replace

    return replace(prompt, design=known)


def write_items(folder: Path, rows: Iterable[dict]) -> Path:
    """A deck of questions."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def run_answers(
    deck: Path, runs: Path, model: str, videos: int, *, protocol: str = "open", session: str | None = None, **options: str
) -> Path:
    """A session of a respondent over a deck."""
    spec = make_spec(
        model=model,
        model_options=options,
        environment="deck",
        feed=str(deck),
        protocol=protocol,
        strategy="none",
        videos=videos,
        cell=0,
    )
    return run_session(spec, runs=runs, session=session).path
