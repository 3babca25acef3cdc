"""What sessions are called in a study: respondent = model × persona, plus whatever else varies between sessions; the rest are repeats.

Nothing that varies is merged: a setting that varies within a model becomes part of the model's name ("m [staged]"), so that a persona is
compared with the default persona under the same setting; another wording of a persona becomes part of the respondent's name; the same in
all, but for the seed, is another repeat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from environments.canonical import canonical_json
from personas.one_line import one_line

__all__ = ["Named", "SessionRecord", "name_sessions"]

HUMAN = "human/"


@dataclass(frozen=True)
class SessionRecord:
    """What `session.json` says, as far as a study needs it. Raises KeyError, TypeError, AttributeError when it does not say so."""

    session: str
    spec: Mapping[str, Any]
    persona: str
    text: str
    target: Mapping[str, float]
    spec_hash: str
    fingerprint: str | None
    versions: Mapping[str, str]
    created_at: float
    phases: tuple[Mapping[str, Any], ...] = ()
    phase: str = ""
    steps: range | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any], folder: str) -> SessionRecord:
        """From the parsed file."""
        played, spec = record["persona"], record["spec"]
        if not str(spec["model"]) or not str(played["name"]):
            raise KeyError("model")
        return cls(
            session=str(record.get("session", folder)),
            spec=spec,
            persona=str(played["name"]),
            text=str(played.get("told", played.get("text", ""))),
            target={str(code): float(weight) for code, weight in played["target"].items()},
            spec_hash=str(record["spec_hash"]),
            fingerprint=record.get("feed_fingerprint"),
            versions={str(name): str(version) for name, version in record.get("versions", {}).items()},
            created_at=float(record.get("created_at", 0.0)),
            phases=tuple(played.get("phases", ())),
        )

    def parts(self) -> tuple[SessionRecord, ...]:
        """The session; where it has phases, one record for each, of the persona that is played there, with the `steps` that are its own.

        What came before is part of a phase's name: a recommender, and a respondent with memory, have been through it.
        """
        found: list[SessionRecord] = []
        start, before = 0, list[str]()
        for phase in self.phases:
            played, videos = phase["persona"], int(phase["videos"])
            after = f" after {', '.join(before)}" if before else ""
            part = replace(
                self,
                spec=dict(self.spec) | {"policy": str(phase["policy"])},
                persona=str(played["name"]),
                text=str(played.get("told", played["text"])),
                target={str(code): float(weight) for code, weight in played["target"].items()},
                phase=f"phase {phase['name']}{after}",
                steps=range(start, start + videos),
            )
            found.append(part)
            start += videos
            before += [part.persona] if part.persona not in before else []
        return tuple(found) or (self,)

    @property
    def label(self) -> str:
        """The session's name, with its phase."""
        return f"{self.session} ({self.phase})" if self.phase else self.session

    @property
    def model(self) -> str:
        """Who answers."""
        return str(self.spec["model"])

    @property
    def human(self) -> bool:
        """Whether a person answered."""
        return self.model.startswith(HUMAN)

    @property
    def environment(self) -> str:
        """Where the feed was shown."""
        return str(self.spec.get("environment", "simulated"))

    @property
    def setting(self) -> dict[str, str]:
        """What may change answers besides model, persona and seed, each as it reads in a name."""
        spec, browser = self.spec, self.environment == "browser"
        options = {} if self.human else dict(spec.get("model_options") or {})
        found = {
            "protocol": str(spec.get("protocol", "feed")),
            "strategy": f"strategy {spec.get('strategy', 'narrative')}",
            "placement": f"persona in {spec.get('placement', 'system')} message",
            "environment": f"{spec.get('site', 'local')} in browser" if browser else self.environment,
            "memory": f"memory {spec.get('memory', 'none')}",
            "policy": f"policy {spec.get('policy', 'balanced')}",
            "phase": self.phase or "no phases",
            "frames": f"{spec.get('frames', 3)} frames",
            "options": ", ".join(f"{name}={value}" for name, value in sorted(options.items())) or "no options",
        }
        if browser:
            found |= {"counts": f"counts {spec.get('counts', 'shown')}", "time": f"time ×{spec.get('time_scale', 1.0):g}"}
        return found


@dataclass(frozen=True)
class Named:
    """A session's place in the study. `repeat` counts the sessions of a respondent from 0, by seed; `repeats` is how many there are."""

    record: SessionRecord
    model: str
    persona: str
    respondent: str
    repeat: int
    repeats: int


def name_sessions(records: Sequence[SessionRecord], unnamed: Collection[str] = ()) -> tuple[list[Named], list[str]]:
    """One entry a record, in order, and sentences about what varies. Names are unique for each respondent.

    `unnamed`: settings that make no respondent of their own, because whoever reads the names says in another way how was asked.
    """
    problems: list[str] = []
    models = _model_names(records, unnamed, problems)
    personas = _persona_names(records, problems)
    wordings = _wordings(records, models, personas)
    respondents = [" · ".join(filter(None, names)) for names in zip(models, personas, wordings, strict=True)]
    groups: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(records)), key=lambda number: _place(records[number])):
        groups[respondents[number]].append(number)
    named: dict[int, Named] = {}
    for respondent, members in groups.items():
        for repeat, number in enumerate(members):
            named[number] = Named(records[number], models[number], personas[number], respondent, repeat, len(members))
        problems += _within_respondent(respondent, [records[number] for number in members])
    return [named[number] for number in range(len(records))], problems


def _place(record: SessionRecord) -> tuple[int, float, str]:
    return int(record.spec.get("seed", 0)), record.created_at, record.session


def _model_names(records: Sequence[SessionRecord], unnamed: Collection[str], problems: list[str]) -> list[str]:
    """The model, with those settings that vary within it."""
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        for name, value in record.setting.items():
            if name not in unnamed:
                seen[record.model][name].add(value)
    varying = {model: [name for name, values in settings.items() if len(values) > 1] for model, settings in seen.items()}
    names = []
    for record in records:
        setting = [record.setting[name] for name in varying[record.model] if name in record.setting]
        names.append(one_line(f"{record.model} [{', '.join(setting)}]" if setting else record.model, None))
    across: dict[str, set[str]] = defaultdict(set)
    for settings in seen.values():
        for name, values in settings.items():
            across[name].update(values)
    confounded = [name for name, values in across.items() if name != "options" and len(values) > 1 and len(seen) > 1]
    confounded = [name for name in confounded if not all(name in varying[model] for model in seen)]
    if confounded:
        told = "; ".join(f"{name}: {', '.join(sorted(across[name]))}" for name in confounded)
        problems.append(f"Models were not all asked in the same setting ({told}): a difference between them may be one of settings.")
    return names


def _persona_names(records: Sequence[SessionRecord], problems: list[str]) -> list[str]:
    """The persona; numbered where one name stands for several targets."""
    targets: dict[str, list[str]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.created_at):
        target = canonical_json(dict(record.target))
        if target not in targets[record.persona]:
            targets[record.persona].append(target)
    for persona, versions in targets.items():
        if len(versions) > 1:
            problems.append(f"Persona {one_line(persona)} had {len(versions)} different targets: each is taken as a persona of its own.")
    names = []
    for record in records:
        versions = targets[record.persona]
        number = f" (version {versions.index(canonical_json(dict(record.target))) + 1})" if len(versions) > 1 else ""
        names.append(one_line(record.persona, None) + number)
    return names


def _wordings(records: Sequence[SessionRecord], models: Sequence[str], personas: Sequence[str]) -> list[str]:
    """Which wording of the persona, where a model × persona was given several; equal texts are one wording whatever their number."""
    texts: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for record, model, persona in zip(records, models, personas, strict=True):
        texts[model, persona][record.text].add(int(record.spec.get("paraphrase", 0)))
    names = []
    for record, model, persona in zip(records, models, personas, strict=True):
        found = texts[model, persona]
        number = min(found[record.text])
        alike = [text for text, numbers in found.items() if min(numbers) == number]
        edited = f" (text {alike.index(record.text) + 1})" if len(alike) > 1 else ""
        names.append(f"paraphrase {number}{edited}" if len(found) > 1 else "")
    return names


def _within_respondent(respondent: str, records: Sequence[SessionRecord]) -> list[str]:
    """What else differs between sessions that count as repeats of one respondent. Equal seeds are fine where the prompt cell or the
    number of the repeat sets the sessions apart: these ask in another way, or anew."""
    problems = []
    fields = {"seed": 0, "cell": "rotate", "repeat": 0}
    decks = {"feed": "", "condition": "shown"}  # another deck, or other pictures, are other questions
    asked = [
        tuple(record.spec.get(name, default) for name, default in (fields | (decks if record.environment == "deck" else {})).items())
        for record in records
    ]
    if len(set(asked)) < len(asked):
        seeds = {seed for seed, *_ in asked}
        told = "the same seed" if len(seeds) == 1 else f"{len(seeds)} different seeds"
        problems.append(
            f"{respondent}: {len(asked)} sessions with {told}; they count as repeats. "
            "A model that always answers the same gives no more information that way."
        )
    served = {str(record.spec.get("base_url")) for record in records if record.spec.get("base_url")}
    if len(served) > 1:
        problems.append(f"{respondent}: asked at {len(served)} addresses; they are taken to serve the same model.")
    return problems
