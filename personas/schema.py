"""The border where a persona file becomes a `Persona`: TOML and pydantic on one side, a frozen dataclass on the other.

Every fault is told as `file: key: what is wrong; what to do`, in one line.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from personas.errors import PersonaError
from personas.one_line import one_line
from personas.persona import FORMS, KINDS, Form, Kind, Persona, PersonaText
from personas.schwartz import NAMES, VALUES

__all__ = ["PersonaFile", "TextEntry", "parse_persona"]

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TRAITS_LEAD = "This is you, in your own words: "
_MAX_CHARACTERS = 8_000  # of one text; a model reads it again at every step
_MAX_DOTS = 500  # on one line
# Joiners and direction marks that real languages need; every other invisible character could hide text from the reader of the file.
_NEEDED = frozenset("\n\t\u00ad\u200c\u200d\u200e\u200f")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _clean(text: str) -> str:
    """`text` stripped. Raises ValueError for characters that a reader of the file could not see."""
    for character in text:
        if unicodedata.category(character) in _INVISIBLE and character not in _NEEDED:
            raise ValueError(f"has the invisible or control character U+{ord(character):04X}; remove it")
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; use at most {_MAX_CHARACTERS}")
    return text.strip()


def _one_line(text: str) -> str:
    text = _clean(text)
    if "\n" in text or "\t" in text or len(text) > 160:
        raise ValueError("must be one line of at most 160 characters; shorten it")
    return text


def _name(name: str) -> str:
    if len(name) > 60 or not _NAME.fullmatch(name):
        raise ValueError('must be lower-case letters, digits and single hyphens, at most 60, such as "night-owl"; rename it')
    return name


def _code(code: str) -> str:
    if code not in VALUES:
        by_name = {name.lower(): code for code, name in NAMES.items()}
        near = code.upper() if code.upper() in VALUES else by_name.get(code.lower())
        hint = f"did you mean {near}? Use" if near else "use"
        raise ValueError(f"unknown value code; {hint} one of {' '.join(VALUES)}")
    return code


def _trait(text: str) -> str:
    text = _one_line(text)
    if not text:
        raise ValueError("is empty; write a sentence, or take it out")
    return text


Clean = Annotated[str, AfterValidator(_clean)]
Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_name)]
Code = Annotated[str, AfterValidator(_code)]
Trait = Annotated[str, AfterValidator(_trait)]
Loading = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class TextEntry(BaseModel):
    """One `[[texts]]` table. Without `text`, form `traits` is rendered from the persona's traits."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Name | None = None
    form: Form = "description"
    text: Clean | None = None


class PersonaFile(BaseModel):
    """A persona's TOML file. One of `text`, `texts` or `traits` is needed, and nothing else is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name | None = None
    kind: Kind = "own"
    summary: Line = ""
    target: dict[Code, Loading] = {}
    text: Clean | None = None
    texts: list[TextEntry] = []
    traits: list[Trait] = []

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if self.text is not None and self.texts:
            raise ValueError("text: give either text or [[texts]], not both; move it into the [[texts]]")
        if not (self.text is not None or self.texts or self.traits):
            raise ValueError('texts: needs at least 1 text; add text = "You are …" at the top of the file')
        return self

    def entries(self) -> list[TextEntry]:
        """The texts as listed, or the one that `text` or `traits` stands for."""
        if self.texts:
            return self.texts
        return [TextEntry(text=self.text)] if self.text is not None else [TextEntry(form="traits")]


def parse_persona(data: bytes, source: str, default_name: str) -> Persona:
    """The persona in the bytes of a TOML file. `source` names the file in messages; `default_name` is used where it has no name.

    Raises `PersonaError` in one line: `source: key: what is wrong; what to do`.
    """
    try:
        file = PersonaFile.model_validate(_toml(data, source))
    except ValidationError as error:
        raise PersonaError(f"{source}: {_explain(error)}") from None
    name = file.name or re.sub(r"[^a-z0-9]+", "-", default_name.lower())[:60].strip("-") or "own"
    return Persona(
        name=name,
        kind=file.kind,
        summary=file.summary or "a persona of your own",
        target={code: float(file.target.get(code, 0.0)) for code in VALUES},
        texts=_texts(file, source),
        traits=tuple(file.traits),
    )


def _toml(data: bytes, source: str) -> Mapping[str, Any]:
    try:
        text = data.decode("utf-8-sig")
        _refuse_long_keys(text, source)
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PersonaError(f"{source}: line {line}: is not UTF-8 text; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what = one_line(str(error), 200)
        raise PersonaError(f'{source}: is not valid TOML: {what}; texts go in quotes: text = "You are …"') from None
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets nested a thousand deep
        raise PersonaError(f"{source}: is not valid TOML: a value is too long or nested too deep; take it out") from None


def _refuse_long_keys(text: str, source: str) -> None:
    # tomllib needs quadratic time for a dotted key: 22 s for one of 64 KB (Python 3.11). No key spans two lines.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > _MAX_DOTS:
            raise PersonaError(f"{source}: line {number}: has more than {_MAX_DOTS} dots; shorten it, or break the line")


def _texts(file: PersonaFile, source: str) -> tuple[PersonaText, ...]:
    texts: list[PersonaText] = []
    for number, entry in enumerate(file.entries()):
        key = f"texts[{number}]" if file.texts else "text"
        text = entry.text
        if text is None and entry.form == "traits" and file.traits:
            text = _TRAITS_LEAD + " ".join(file.traits)
        if text is None:
            raise PersonaError(f'{source}: {key}.text: is missing; add text = "You are …"')
        if not text and file.kind != "control":
            raise PersonaError(f'{source}: {key}: is empty; write a sentence or two (for no persona at all use the library\'s "empty")')
        identity = entry.id or f"text-{number + 1}"
        if identity in {earlier.id for earlier in texts}:
            raise PersonaError(f'{source}: {key}.id: "{identity}" is used twice; give each text its own id')
        texts.append(PersonaText(identity, entry.form, text))
    return tuple(texts)


def _explain(error: ValidationError) -> str:
    """The first fault as `key: what is wrong; what to do`, and how many more there are."""
    faults = error.errors(include_input=False, include_url=False)
    first = faults[0]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"] if part != "[key]").lstrip(".")
    message = _advice(str(first["type"]), key, first)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return (f"{one_line(key, 60)}: " if key else "") + message + more


def _advice(kind: str, key: str, fault: Any) -> str:
    last = re.split(r"[.\[]", key)[-1] if key else ""
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    if kind == "extra_forbidden":
        return _unknown_key(last, tuple(TextEntry.model_fields if key.startswith("texts[") else PersonaFile.model_fields))
    if kind == "literal_error":
        return f"must be one of {', '.join(KINDS if last == 'kind' else FORMS)}"
    if key.startswith("target."):
        return "must be a number from -1 to 1 without quotes, such as 0.5"
    shapes = {
        "target": "must be a table of value codes: [target], then a line such as HE = 1",
        "traits": 'must be a list of sentences: traits = ["I …", "I …"]',
    }
    listed = 'must be a list of tables: [[texts]], then text = "You are …"'
    return shapes.get(key) or ('must be text in quotes: "…"' if kind == "string_type" else listed)


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? Use" if near else "use"
    return f"unknown key; {hint} {', '.join(known)}"
