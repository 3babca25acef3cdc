"""What a session is: validated on the way in, plain JSON on the way out, one hash for what determines its content."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agent.option_scopes import SCOPES, misplaced
from agent.phases import Phase, check_phases, total_videos
from agent.protocols.registry import PROTOCOLS, asks_about_items, takes_examples
from agent.protocols.strategies.registry import PLACEMENTS, STRATEGIES, strategy_fault
from environments.browser.sites.registry import SITES
from environments.canonical import content_hash
from environments.decks.examples import NO_EXAMPLES, asked_examples
from environments.request import ENVIRONMENTS, Condition
from environments.simulated.policies import POLICIES
from personas.errors import SpecError

__all__ = ["DEFAULT_MODEL", "JUDGING", "Limits", "SessionSpec", "make_spec", "memory_length"]

DEFAULT_MODEL = "reader"
RECORDED = "recorded"
DECK = "deck"
JUDGING = ("judge", "judge-script")
"""Protocols that ask for labels, not for what one would do."""
_MEMORY = re.compile(r"none|recent:([1-9]\d?|100)")


def _one_of(value: str, choices: Collection[str]) -> str:
    if value not in choices:
        raise ValueError(f"choose one of: {', '.join(choices)}")
    return value


class SessionSpec(BaseModel):
    """One session: a respondent (model × persona × protocol) and the feed it meets. Two sessions with equal specs are the same session.

    A field that the environment would ignore (`agent.option_scopes`) stays at its default.

    persona       a library name or a path to a TOML file
    paraphrase    which of the persona's texts is used, from 0
    strategy      how the persona is told: "narrative" as it stands, "none" not at all, "simple" as numbered sentences, "isq" with a
                  questionnaire
    placement     where: in the "system" message, or at the top of the first one of the "user"
    model         `provider/name`, such as "openai/gpt-…"; "reader" is the embedded baseline
    base_url      where the model is served, for `vllm` and `compatible`
    model_options what the provider takes besides, such as {"temperature": "0"}
    environment   "simulated", "browser", "recorded" or "deck": items of a questionnaire or of a benchmark, for the protocols that ask
                  about items
    site          in a browser: "local", the page over `feed`, or a platform's site
    counts        on the local page: whether it shows counts of likes and comments, and random ones
    time_scale    on the local page: seconds of clip a second, 0.1 to 16
    feed          "catalogue", a folder of videos, or for "recorded" the folder of a recorded feed, for "deck" its name,
                  or the folder or .jsonl file of a benchmark's questions
    condition     of a benchmark's pictures: "shown", "none", or "wrong" (those of another item)
    examples      "none", or how many other questions of a benchmark are shown before each with their answers, and which: "random:3",
                  "similar:3", "fixed:3"
    policy        the order of the feed; "recorded" (the default there) is that of a recorded feed
    protocol      what is asked
    cell          the prompt cell, or "rotate": all cells in balanced random order
    memory        "none", or "recent:N": the model is told its last N (1 to 100) actions
    frames        pictures a clip, 1 to 32
    videos        clips to be shown, 1 to 100000; a shorter feed ends earlier
    seed          0 to 2**63 - 1; all randomness derives from it
    repeat        from 0: the same clips in the same order, asked about anew
    phases        parts of one continuous feed with a persona or policy of their own (`agent.phases`), `videos` long together
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    persona: Annotated[str, Field(min_length=1)] = "default"
    paraphrase: Annotated[int, Field(ge=0, le=99)] = 0
    strategy: str = "narrative"
    placement: str = "system"
    model: Annotated[str, Field(min_length=1, max_length=500)] = DEFAULT_MODEL
    base_url: str | None = None
    serve: bool = False
    model_options: dict[str, str] = Field(default_factory=dict)
    environment: str = "simulated"
    site: str = "local"
    counts: Literal["shown", "hidden", "random"] = "shown"
    time_scale: Annotated[float, Field(ge=0.1, le=16)] = 1.0
    feed: Annotated[str, Field(min_length=1)] = "catalogue"
    condition: Condition = "shown"
    examples: str = NO_EXAMPLES
    policy: str = "balanced"
    protocol: str = "feed"
    cell: Literal["rotate"] | Annotated[int, Field(ge=0)] = "rotate"
    memory: str = "none"
    frames: Annotated[int, Field(ge=1, le=32)] = 3
    videos: Annotated[int, Field(ge=1, le=100_000)] = 40
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    repeat: Annotated[int, Field(ge=0, le=9_999)] = 0
    phases: tuple[Phase, ...] = ()

    @field_validator("cell", mode="before")
    @classmethod
    def _check_cell(cls, value: Any) -> Any:
        if value != "rotate" and not (isinstance(value, int) and value >= 0):
            raise ValueError("use rotate, or a whole number from 0")
        return value

    @field_validator("policy")
    @classmethod
    def _check_policy(cls, value: str) -> str:
        return _one_of(value, (*POLICIES, RECORDED))

    @field_validator("environment")
    @classmethod
    def _check_environment(cls, value: str) -> str:
        return _one_of(value, ENVIRONMENTS)

    @field_validator("site")
    @classmethod
    def _check_site(cls, value: str) -> str:
        return _one_of(value, SITES)

    @model_validator(mode="before")
    @classmethod
    def _recorded_order(cls, data: Any) -> Any:
        """A recorded feed is shown in its own order unless another is asked for."""
        if isinstance(data, dict) and data.get("environment") == RECORDED:
            return {"policy": RECORDED} | data
        return data

    @model_validator(mode="before")
    @classmethod
    def _phases_say_how_long(cls, data: Any) -> Any:
        """Phases make a session as long as they are together, unless `videos` is given."""
        if isinstance(data, dict) and "videos" not in data and (total := total_videos(data.get("phases"))):
            return data | {"videos": total}
        return data

    @model_validator(mode="after")
    def _check_phases(self) -> SessionSpec:
        check_phases(self.phases, self.videos, self.environment)
        return self

    @model_validator(mode="after")
    def _check_order(self) -> SessionSpec:
        if self.policy == RECORDED and self.environment != RECORDED:
            raise ValueError("policy recorded is for --environment recorded")
        return self

    @model_validator(mode="after")
    def _check_scopes(self) -> SessionSpec:
        """A field off its default that this environment would ignore is a mistake."""
        fields = type(self).model_fields
        changed = [name for name in SCOPES if name in fields and getattr(self, name) != fields[name].default]
        if wrong := misplaced(changed, self.environment, self.site):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _check_deck(self) -> SessionSpec:
        """A deck's items are asked about each afresh, in an order of the deck's own, by protocols that ask about nothing else."""
        deck = self.environment == DECK
        if deck != asks_about_items(self.protocol):
            if not deck:
                raise ValueError(f"protocol {self.protocol} asks about the items of a deck: give --environment deck and --feed DECK")
            fitting = [name for name in PROTOCOLS if asks_about_items(name)]
            raise ValueError(
                f"--environment {self.environment} goes with --protocol {', '.join(fitting)}, not {self.protocol}: change one of them"
            )
        ignored = [name for name in ("policy", "memory") if deck and getattr(self, name) != type(self).model_fields[name].default]
        if ignored:
            raise ValueError(f"{ignored[0]} means nothing to --environment deck: leave it out")
        return self

    @model_validator(mode="after")
    def _check_judge(self) -> SessionSpec:
        """A judge plays nobody, labels each video afresh, and needs no page to do so."""
        if self.protocol not in JUDGING:
            return self
        if self.environment not in {"simulated", "recorded"}:
            raise ValueError(f"protocol {self.protocol} labels videos: use environment simulated or recorded, not {self.environment}")
        fields = type(self).model_fields
        ignored = ("persona", "paraphrase", "placement", "memory", "phases")
        for name in [name for name in ignored if getattr(self, name) != fields[name].default]:
            raise ValueError(f"{name} means nothing to protocol {self.protocol}, which asks for labels: leave it out")
        if self.strategy not in {fields["strategy"].default, "none"}:
            raise ValueError(f"strategy {self.strategy} tells a persona, which protocol {self.protocol} has none of: leave it out")
        return self

    @field_validator("protocol")
    @classmethod
    def _check_protocol(cls, value: str) -> str:
        return _one_of(value, PROTOCOLS)

    @field_validator("strategy")
    @classmethod
    def _check_strategy(cls, value: str) -> str:
        return _one_of(value, STRATEGIES)

    @field_validator("placement")
    @classmethod
    def _check_placement(cls, value: str) -> str:
        return _one_of(value, PLACEMENTS)

    @model_validator(mode="after")
    def _check_strategy_fits(self) -> SessionSpec:
        if fault := strategy_fault(self.strategy, self.protocol):
            raise ValueError(fault)
        return self

    @field_validator("examples")
    @classmethod
    def _check_examples(cls, value: str) -> str:
        asked_examples(value)
        return value

    @model_validator(mode="after")
    def _check_examples_fit(self) -> SessionSpec:
        """Examples are shown by protocols that know how, and a protocol that does not would leave them out unseen."""
        if self.examples != NO_EXAMPLES and not takes_examples(self.protocol):
            fitting = [name for name in PROTOCOLS if takes_examples(name)]
            raise ValueError(f"examples go with --protocol {', '.join(fitting)}, not {self.protocol}: leave them out, or change it")
        return self

    @field_validator("memory")
    @classmethod
    def _check_memory(cls, value: str) -> str:
        if not _MEMORY.fullmatch(value):
            raise ValueError("use none, or recent:N with N from 1 to 100")
        return value

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            username, host = parts.username, parts.hostname
        except ValueError as error:
            raise ValueError("use a URL such as http://127.0.0.1:8000/v1") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError("use a URL such as http://127.0.0.1:8000/v1")
        if username or parts.password or parts.query or parts.fragment:
            raise ValueError("it would be stored with the run: leave out user, password, query; keys go into environment variables")
        return value.rstrip("/")

    def hash(self, persona_texts: Any) -> str:
        """SHA-256 of the spec and of the persona as it was read, so that an edited persona file is another session.

        Fields at their defaults do not count, so that a field which a later version adds leaves older sessions as they are.
        Hence a default, once released, never changes.
        """
        return content_hash([self.model_dump(mode="json", exclude_defaults=True), persona_texts])


class Limits(BaseModel):
    """When to stop early, over all processes that worked on the session. None: no limit. Not in the spec: raising one resumes it.

    max_usd in US dollars, max_minutes of working time, max_steps in clips.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_usd: Annotated[Decimal, Field(gt=0)] | None = None
    max_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    max_steps: Annotated[int, Field(gt=0)] | None = None


def make_spec(**fields: Any) -> SessionSpec:
    """A spec from loose fields. Raises SpecError with one line that names each field that is wrong and what fits."""
    try:
        spec = SessionSpec(**fields)
    except ValidationError as error:
        raise SpecError(complaint(error)) from error
    if spec.model_options.keys() & {"api_key", "key", "token"}:
        raise SpecError("model_options are stored with the run: give keys in environment variables instead")
    if Path(spec.feed).suffix.lower() in {".mp4", ".webm", ".mkv", ".mov"}:
        raise SpecError(f"feed {spec.feed!r} is one video: give the folder that holds it")
    return spec


def complaint(error: ValidationError) -> str:
    """A validation error as one line: field, what is wrong, what was given."""
    lines = []
    for item in error.errors(include_url=False):
        name = f"{item['loc'][0]}: " if item["loc"] else ""  # without one it is about several fields, and names them
        shown = name not in {"", "base_url: "}  # a URL may hold a password
        given = f", not {str(item['input'])[:60]!r}" if shown else ""
        line = f"{name}{_fit(item)}{given}"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)


_FITS = {
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "literal_error": "takes {expected}",
    "string_too_short": "must not be empty",
}


def _fit(item: Mapping[str, Any]) -> str:
    """What would fit, in words."""
    if item["type"] in _FITS:
        return _FITS[item["type"]].format(**item.get("ctx", {}))
    return str(item["msg"]).removeprefix("Value error, ")


def memory_length(memory: str) -> int:
    """How many past actions the model is told: 0 for "none", N for "recent:N"."""
    return 0 if memory == "none" else int(memory.removeprefix("recent:"))
