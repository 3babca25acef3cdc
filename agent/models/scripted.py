"""`scripted/FILE`: answers read from a file, for tests and demonstrations. No latency, no cost.

Which entry answers is a function of the prompt alone, never of how many questions came before, so a resumed session gets what
an uninterrupted one would have got. `docs/local_models.md` describes the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError, model_validator

from agent.models.base import Prompt, Reply, Usage
from agent.models.complaint import first_complaint
from agent.models.filling import RATING_MAX, fill
from agent.protocols.base import Decision
from environments.base import ActionKind
from environments.canonical import content_hash, derived_seed
from personas.errors import ModelError, ModelSetupError, Rejected, Throttled, Unavailable

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["BUILT_IN", "Entry", "Scripted", "build", "read_script"]

_ERRORS: dict[str, type[ModelError]] = {"rejected": Rejected, "throttled": Throttled, "unavailable": Unavailable}


class ScriptedUsage(BaseModel):
    """Token counts that an entry claims."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: NonNegativeInt = 0
    cached: NonNegativeInt = 0
    cache_written: NonNegativeInt = 0
    output: NonNegativeInt = 0
    reasoning: NonNegativeInt = 0


class Entry(BaseModel):
    """One answer and the questions it is for. Exactly one of `answer`, `decide`, `refusal` and `error` is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stimulus: str | None = None
    task: str | None = None
    turns: Annotated[int, Field(ge=1)] | None = None
    default: bool = False
    answer: dict[str, Any] | str | None = None
    decide: Literal["skip", "watch", "like"] | None = None
    refusal: str | None = None
    error: Literal["rejected", "throttled", "unavailable"] | None = None
    finish_reason: str = "stop"
    usage: ScriptedUsage = ScriptedUsage()

    @model_validator(mode="after")
    def _says_one_thing(self) -> Entry:
        given = [name for name in ("answer", "decide", "refusal", "error") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of answer, decide, refusal and error (found {', '.join(given) or 'none'})")
        if self.default and self.stimulus is not None:
            raise ValueError("an entry for one stimulus cannot be the default: drop one of the two")
        return self

    def rank(self, prompt: Prompt) -> int | None:
        """How closely this entry fits `prompt`: 0 for any prompt, up to 7 for this stimulus, task and turn; None when it does not fit."""
        asked = ((self.stimulus, prompt.stimulus_id), (self.task, prompt.task), (self.turns, len(prompt.turns)))
        if any(wanted is not None and wanted != actual for wanted, actual in asked):
            return None
        return sum(weight for (wanted, _), weight in zip(asked, (4, 2, 1), strict=True) if wanted is not None)


BUILT_IN: dict[str, tuple[Entry, ...]] = {
    "like": (Entry(decide="like"),),
    "watch": (Entry(decide="watch"),),
    "skip": (Entry(decide="skip"),),
    "mixed": (Entry(decide="like"), Entry(decide="watch"), Entry(decide="skip")),
    "refuse": (Entry(refusal="I would rather not say."),),
    "garbage": (Entry(answer="well, it is a clip, and it {moves"),),
}
"""Scripts that need no file."""

_RATING = {"skip": 0, "watch": 3, "like": RATING_MAX}
_WATCHED = {"skip": 0.05, "watch": 0.6, "like": 1.0}


def read_script(path: Path) -> tuple[Entry, ...]:
    """The entries of a JSON Lines file, or of a file with one JSON list.

    Raises ModelSetupError that names the file and the line (in a list: the entry) at fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ModelSetupError(f"cannot read the script {path}: {reason}") from None
    entries = tuple(_entry(place, value) for place, value in _values(path, text))
    if not entries:
        raise ModelSetupError(f'{path}: the script is empty; write one JSON object a line, such as {{"decide": "like"}}')
    return entries


def _values(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """The JSON values of a script, each with the words that say where it stands."""
    if text.lstrip().startswith("["):
        for number, value in enumerate(_json(str(path), text), start=1):
            yield f"{path}, entry {number}", value
        return
    # Not splitlines(): it would also break a line at characters that JSON allows inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", _json(f"{path}:{number}", line)


def _json(place: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_not_json)
    except json.JSONDecodeError as error:
        raise ModelSetupError(f"{place}: not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ModelSetupError(f"{place}: not valid JSON: nested too deep") from None


def _not_json(constant: str) -> NoReturn:
    """Python's parser takes NaN and Infinity; JSON has neither."""
    raise json.JSONDecodeError(f"{constant} is not a JSON value", constant, 0)


def _entry(place: str, value: Any) -> Entry:
    try:
        return Entry.model_validate(value)
    except ValidationError as error:
        raise ModelSetupError(f"{place}: {first_complaint(error)}") from None


class Scripted:
    """A respondent that answers from `entries`: the closest fit; among equals, the one that the prompt's seed and stimulus pick."""

    synthetic = False
    price_known = True

    def __init__(self, name: str, entries: tuple[Entry, ...]) -> None:
        self.name = name
        self._entries = entries
        self._version = "script-" + content_hash([entry.model_dump(mode="json") for entry in entries])[:12]

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises the entry's error where it asks for one, ModelSetupError where no entry fits."""
        entry = self._choose(prompt)
        if entry.error is not None:
            raise _ERRORS[entry.error](f"the script answers {prompt.task} with the error {entry.error!r}")
        return Reply(
            text=_text(entry, prompt),
            refusal=entry.refusal,
            usage=Usage(**entry.usage.model_dump()),
            cost_usd=Decimal(0),
            finish_reason=entry.finish_reason,
            model_version=self._version,
        )

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _choose(self, prompt: Prompt) -> Entry:
        ranked = [(rank, entry) for entry in self._entries if (rank := entry.rank(prompt)) is not None]
        if not ranked:
            raise ModelSetupError(
                f"{self.name} has no answer for the task {prompt.task!r} on the stimulus {prompt.stimulus_id!r}: "
                "add an entry for it, or one without a stimulus"
            )
        best = max(rank for rank, _ in ranked)
        closest = [entry for rank, entry in ranked if rank == best]
        return closest[derived_seed("scripted", prompt.stimulus_id, prompt.task, prompt.seed) % len(closest)]


def _text(entry: Entry, prompt: Prompt) -> str:
    if isinstance(entry.answer, str):
        return entry.answer
    if entry.decide is not None:
        decision = Decision(ActionKind(entry.decide), _WATCHED[entry.decide], _RATING[entry.decide], f"the script says {entry.decide}")
        return json.dumps(fill(prompt.answer, decision), ensure_ascii=False)
    return "" if entry.answer is None else json.dumps(entry.answer, ensure_ascii=False)


def build(name: str, options: ModelOptions) -> Scripted:
    """The respondent `scripted/name`: a built-in script, or a file. Raises ModelSetupError."""
    if options.base_url or options.extra:
        raise ModelSetupError("scripted takes neither --base-url nor --model-option: everything is in its file")
    if name in BUILT_IN and not Path(name).is_file():
        return Scripted(f"scripted/{name}", BUILT_IN[name])
    if not Path(name).is_file():
        raise ModelSetupError(f"no script {name!r}: name a JSON Lines file, or one of the built-in scripts {', '.join(BUILT_IN)}")
    return Scripted(f"scripted/{name}", read_script(Path(name)))
