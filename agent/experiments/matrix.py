"""From blocks of lists to sessions: crossed, paired, repeated, each once, each with a name of its own."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.experiments.spec import EXTRA_KEYS, PER_MODEL, Block, ExperimentSpec
from agent.preparing import persona_record
from agent.protocols.registry import make_protocol
from agent.session import resolved
from agent.spec import SessionSpec, make_spec
from personas.errors import AxiofeedError, SpecError
from personas.one_line import one_line
from personas.persona import KINDS, Persona, load_library, load_persona
from personas.profiles import load_profiles

__all__ = ["MOST_SESSIONS", "Planned", "expanded", "varied_fields"]

MOST_SESSIONS = 1_000_000
_GROUP = re.compile(r"@([a-z-]+)(?::([1-9]\d{0,3}))?")
_LISTS = ("phases",)
"""Session fields that are lists themselves: they vary only where a list of lists is given."""


@dataclass(frozen=True)
class Planned:
    """One session of an experiment: the name of its folder, its spec, the hash of the spec with the persona as it was read, its name."""

    name: str
    spec: SessionSpec
    spec_hash: str
    persona: str = ""


def expanded(experiment: ExperimentSpec, base: Path) -> tuple[Planned, ...]:
    """All sessions, in the order of the blocks. `base`: the folder that relative paths of personas and feeds may be relative to.

    Raises SpecError for what is no session, in one line that says which cell of which block.
    """
    found: dict[str, tuple[SessionSpec, str]] = {}
    played: dict[tuple[Any, ...], Any] = {}
    asked = 0
    for number, block in enumerate(experiment.cross, 1):
        where = f"block {number} of [[cross]]"
        count, cells = _cells(experiment.common | block, where, base)
        asked += count  # before any is made: a slip of the pen can ask for billions
        if asked > MOST_SESSIONS:
            raise SpecError(f"{where}: with it the experiment has {asked:,} combinations, and {MOST_SESSIONS:,} is the most: split it")
        for fields in cells:
            spec = _spec(experiment, fields, where)
            key = (spec.persona, spec.paraphrase, spec.phases)
            if key not in played:
                played[key] = persona_record(_persona(spec.persona, number), spec)
            found.setdefault(spec.hash(played[key]), (spec, played[key]["name"]))
    _check_settings(experiment, {spec.model for spec, _ in found.values()})
    varied = varied_fields([spec for spec, _ in found.values()])
    named = [Planned(_name(spec, persona, varied, digest), spec, digest, persona) for digest, (spec, persona) in found.items()]
    return tuple(named)


def _check_settings(experiment: ExperimentSpec, models: set[str]) -> None:
    """Raises SpecError for settings of a model that no session has: a limit under a name with a slip in it would limit nothing."""
    for name in experiment.models:
        if name not in models:
            raise SpecError(
                f"[models.{one_line(repr(name), 80)}]: no session has this model; the models are {one_line(', '.join(sorted(models)), 200)}"
            )


def _cells(block: Block, where: str, base: Path) -> tuple[int, Iterator[dict[str, Any]]]:
    """The combinations of a block's lists, its repeats and control twins among them, and how many they are."""
    lists = {key: _values(key, value, where, base) for key, value in block.items() if key not in EXTRA_KEYS}
    axes = _axes(lists, block.get("together", []), where)
    repeats, control = block.get("repeats", 1), block.get("control")
    if not isinstance(repeats, int) or isinstance(repeats, bool) or not 1 <= repeats <= 10_000:
        raise SpecError(f"{where}: repeats takes a whole number from 1 to 10000, not {str(repeats)[:40]!r}")
    if control is not None and not any(lists.get("phases", ())):
        raise SpecError(f"{where}: control is for sessions with phases: give [[cross.phases]], or leave it out")
    count = math.prod(len(axis) for axis in axes) * repeats * (2 if control is not None else 1)
    return count, _combined(axes, repeats, control)


def _combined(axes: Sequence[Sequence[Mapping[str, Any]]], repeats: int, control: Any) -> Iterator[dict[str, Any]]:
    for combination in itertools.product(*axes):
        fields = {key: value for part in combination for key, value in part.items()}
        for repeat in range(repeats):
            once = fields | ({"repeat": repeat} if repeat else {})
            yield once
            if control is not None:
                yield _twin(once, str(control))


def _twin(fields: Mapping[str, Any], control: str) -> dict[str, Any]:
    """The same session with the control persona wherever the recommender learns; probes are played by whom they were."""
    played = fields.get("persona", SessionSpec.model_fields["persona"].default)
    learnt = [{key: value for key, value in phase.items() if key != "persona"} for phase in fields["phases"]]
    phases = [
        bare if phase.get("learn", True) else bare | {"persona": phase.get("persona", played)}
        for bare, phase in zip(learnt, fields["phases"], strict=True)
    ]
    return {**fields, "persona": control, "phases": phases}


def _values(key: str, value: Any, where: str, base: Path) -> list[Any]:
    """What a field takes in turn: one value unless a list is given."""
    is_list = isinstance(value, list)
    if key in _LISTS and is_list:
        is_list = bool(value) and isinstance(value[0], list)
    given = list(value) if is_list else [value]
    if not given:
        raise SpecError(f"{where}: {key} is an empty list: give values, or leave it out")
    if key == "persona":
        given = [name for each in given for name in _personas(each, where)]
    if key in {"persona", "feed"}:
        given = [_located(each, base) for each in given]
    return given


def _personas(given: Any, where: str) -> list[str]:
    """A persona, or those of a group: @library, @KIND, @KIND:N for the first N of it."""
    if not isinstance(given, str):
        raise SpecError(f"{where}: a persona is a name, a path or a group, not {str(given)[:40]!r}")
    if not given.startswith("@"):
        return [given]
    groups = ["library", *KINDS]
    match = _GROUP.fullmatch(given)
    if match is None or match[1] not in groups:
        raise SpecError(f"{where}: there is no group of personas {given[:60]!r}; write one of {', '.join(f'@{group}' for group in groups)}")
    library, kinds = load_library(), {*KINDS} if match[1] == "library" else {match[1]}
    members = library if match[1] == "library" else (*library, *load_profiles())
    names = [persona.name for persona in members if persona.kind in kinds]
    if match[2] and int(match[2]) > len(names):
        raise SpecError(f"{where}: @{match[1]} has {len(names)} personas, not {match[2]}")
    return names[: int(match[2])] if match[2] else names


def _located(given: Any, base: Path) -> Any:
    """A path in full, so that the experiment is the same from wherever it is run: beside the experiment file, else from here."""
    if not isinstance(given, str) or not ("/" in given or given.endswith(".toml")):
        return given
    try:
        found = next((path for path in (base / given, Path(given)) if path.exists()), None)
    except OSError:  # no path at all, such as one that is too long: what reads it says so
        return given
    return given if found is None else str(found.resolve())


def _axes(lists: Mapping[str, list[Any]], together: Any, where: str) -> list[list[dict[str, Any]]]:
    """The lists to cross: of single fields, and of fields that vary together."""
    if not isinstance(together, list) or not all(
        isinstance(group, list) and all(isinstance(key, str) for key in group) for group in together
    ):
        raise SpecError(f'{where}: together takes lists of fields, such as [["feed", "seed"]]')
    axes: list[list[dict[str, Any]]] = []
    joined: set[str] = set()
    for group in together:
        missing = [key for key in group if key not in lists]
        if missing:
            raise SpecError(f"{where}: together names {str(missing[0])[:60]!r}, which the block does not give")
        lengths = {key: len(lists[key]) for key in group}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{key} {length}" for key, length in lengths.items())
            raise SpecError(f"{where}: lists that vary together have one length, not {told}")
        if joined & set(group):
            raise SpecError(f"{where}: a field stands in one group of together only")
        joined |= set(group)
        axes.append([dict(zip(group, values, strict=True)) for values in zip(*(lists[key] for key in group), strict=True)])
    return [*axes, *([{key: value} for value in values] for key, values in lists.items() if key not in joined)]


def _spec(experiment: ExperimentSpec, fields: Mapping[str, Any], where: str) -> SessionSpec:
    """The session's spec with its model's settings. Raises SpecError."""
    name = fields.get("model", SessionSpec.model_fields["model"].default)
    settings = experiment.models.get(name) if isinstance(name, str) else None
    of_model = {"base_url": settings.base_url, "serve": settings.serve, "model_options": settings.options} if settings else {}
    try:
        spec = resolved(make_spec(**fields, **of_model))
        if spec.cell != "rotate" and spec.cell >= (cells := make_protocol(spec.protocol).cells):
            raise SpecError(f"cell {spec.cell}: protocol {spec.protocol} has the prompt cells 0 to {cells - 1}, or rotate")
    except AxiofeedError as error:
        raise SpecError(f"{where}: {error}") from None
    return spec


def _persona(name: str, block: int) -> Persona:
    try:
        return load_persona(name)
    except AxiofeedError as error:
        raise SpecError(f"block {block} of [[cross]]: {error}") from None


def varied_fields(specs: Sequence[SessionSpec]) -> tuple[str, ...]:
    """The fields in which sessions differ, in the order of the spec; how a model is reached goes with its name."""
    fields = (name for name in SessionSpec.model_fields if name not in PER_MODEL)
    return tuple(name for name in fields if len({repr(getattr(spec, name)) for spec in specs}) > 1)


_SHORT = {"paraphrase": "p", "cell": "c", "seed": "s", "repeat": "r", "videos": "n", "frames": "f"}
_SELF_SPEAKING = ("persona", "model", "strategy", "placement", "protocol", "policy", "memory")


def _name(spec: SessionSpec, persona: str, varied: Sequence[str], digest: str) -> str:
    """Readable in a folder listing, and unique by the hash at its end."""
    parts = []
    for field in varied:
        value = persona if field == "persona" else getattr(spec, field)
        if field in _SHORT:
            parts.append(f"{_SHORT[field]}{value}")
        elif field in _SELF_SPEAKING:
            parts.append(str(value))
    words = "_".join(re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.")[:40] for part in parts)
    return f"{words[:90].strip('-._') or 'session'}-{digest[:10]}"
