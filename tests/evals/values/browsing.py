"""Real sessions for tests, through the real engine, without rendering: catalogue items or given stimuli, planted or spying respondents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.models.base import Model
from agent.models.registry import ModelOptions, make_model
from agent.protocols.base import FeedbackProtocol
from agent.protocols.registry import make_protocol
from agent.session import run_with
from agent.spec import Limits, SessionSpec
from environments.base import Frame, Stimulus
from environments.catalogue_feed import catalogue_items
from personas.persona import Persona, load_persona
from tests.agent.driving import GivenFeed

FINGERPRINT = "f" * 64


def catalogue(count: int, *, twins: bool = True) -> list[Stimulus]:
    """`count` items of the catalogue, spread over it, as stimuli whose pictures nobody looks at."""
    items = [item for item in catalogue_items(Path("unused")) if twins or item.cluster is None]
    step = max(1, len(items) // count)
    return [
        Stimulus(
            id=item.id,
            position=number,
            frames=(Frame.of(b"\xff\xd8 picture", 0.5),),
            text=item.text,
            duration_s=item.duration_s,
            source=item.source,
            labels=item.labels,
            labels_source=item.labels_source,
            cluster=item.cluster,
            stratum=item.stratum,
            topic=item.topic,
        )
        for number, item in enumerate(items[::step][:count])
    ]


def browse(
    runs: Path,
    stimuli: Sequence[Stimulus],
    *,
    name: str | None = None,
    respondent: Model | None = None,
    limits: Limits | None = None,
    fingerprint: str | None = FINGERPRINT,
    played: Persona | None = None,
    asking: FeedbackProtocol | None = None,
    **fields: Any,
) -> Path:
    """Run a session to its end; returns its folder.

    Without `respondent` the planted persona answers. `played` and `asking`: a persona and a protocol other than those that `fields` name.
    """
    spec = SessionSpec(**{"model": "planted/persona", "videos": len(stimuli)} | fields)
    who = respondent or make_model(spec.model, ModelOptions(extra=spec.model_options))
    persona, protocol = played or load_persona(spec.persona), asking or make_protocol(spec.protocol)
    feed = GivenFeed(stimuli, fingerprint=fingerprint)
    result = asyncio.run(run_with(spec, persona, protocol, who, feed, runs=runs, session=name, limits=limits))
    return result.path
