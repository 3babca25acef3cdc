"""A persona: who the model plays, in several wordings, with the target it is meant to be steered to.

`load_persona` takes the name of a library persona or of a full profile, or the path of a TOML file; `personas.schema` checks what is in it.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from personas.errors import PersonaError
from personas.one_line import one_line

__all__ = [
    "FORMS",
    "KINDS",
    "MAX_BYTES",
    "Form",
    "Kind",
    "Persona",
    "PersonaText",
    "load_library",
    "load_persona",
    "persona_names",
]

Kind = Literal["default", "control", "high", "low", "higher-order", "trait-list", "profile", "own"]
Form = Literal["description", "biography", "traits"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds, in the order in which they are listed. `own` is what a user's file is unless it says otherwise."""

FORMS: tuple[Form, ...] = get_args(Form)
"""How a text is written: about the person, as life facts that never name the value, or as first-person sentences."""

MAX_BYTES = 64 * 1024
"""A larger file is not a persona."""


@dataclass(frozen=True)
class PersonaText:
    """One wording. `text` is what the model reads, stripped; it is empty only in the control `empty`."""

    id: str
    form: Form
    text: str


@dataclass(frozen=True)
class Persona:
    """Who the model plays.

    `target` has all ten value codes, each in [-1, 1]: how strongly the persona should show the value (1), or its neglect
    (-1); 0 means that nothing is intended. `texts` holds at least one wording. `traits` holds the first-person sentences
    of a trait-list persona, and is empty for the others.
    """

    name: str
    kind: Kind
    summary: str
    target: Mapping[str, float]
    texts: tuple[PersonaText, ...]
    traits: tuple[str, ...] = ()

    def text(self, paraphrase: int) -> str:
        """The wording with this number, counted from 0 and around again, so that one number suits every persona of a study.

        Raises ValueError below 0.
        """
        if paraphrase < 0:
            raise ValueError(f"a paraphrase is counted from 0, not {paraphrase}")
        return self.texts[paraphrase % len(self.texts)].text


def persona_names() -> tuple[str, ...]:
    """The names in the library, sorted."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml")))


def load_library() -> tuple[Persona, ...]:
    """Every persona of the library: by kind in the order of `KINDS`, then round the circle of values, then by name."""
    return tuple(sorted((load_persona(name) for name in persona_names()), key=_place))


def load_persona(name_or_path: str) -> Persona:
    """The persona of this name, of the library or a full profile, or the one in this TOML file (an argument with a path separator, or that
    ends in `.toml`).

    Raises `PersonaError` in one line: for an unknown name with the names to choose from, for a file with its name, the key and the fix.
    """
    if _is_path(name_or_path):
        return _from_file(Path(name_or_path))
    # The name is looked up in the list and never joined to a path: it may come from a specification somebody else wrote.
    if name_or_path in _profiles():
        return _profile(name_or_path)
    if name_or_path not in persona_names():
        raise PersonaError(_unknown(name_or_path))
    source = _folder().joinpath(f"{name_or_path}.toml")
    return _parse(source.read_bytes(), f"{name_or_path}.toml", name_or_path)


def _profiles() -> tuple[str, ...]:
    from personas.profiles import profile_names  # noqa: PLC0415 - it builds on this module

    return profile_names()


def _profile(name: str) -> Persona:
    from personas.profiles import make_profile  # noqa: PLC0415

    return make_profile(int(name.removeprefix("profile-")))


def _folder() -> Any:
    return files("personas").joinpath("library")


def _place(persona: Persona) -> tuple[int, int, str]:
    codes = list(persona.target.values())
    strongest = max(range(len(codes)), key=lambda i: abs(codes[i]))
    return KINDS.index(persona.kind), 0 if persona.kind == "trait-list" else strongest, persona.name


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or "\\" in name_or_path or name_or_path.lower().endswith(".toml")


def _unknown(name: str) -> str:
    names = persona_names()
    if name.lower().startswith("profile-"):
        return f'there is no persona "{one_line(name, 60)}"; the full profiles are {_profiles()[0]} to {_profiles()[-1]}'
    near = get_close_matches(name.lower().strip().replace("_", "-").replace(" ", "-"), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? See" if near else "see"
    asked = f'there is no persona "{one_line(name, 60)}"' if name.strip() else "the name of the persona is empty"
    return f"{asked}; {hint} the names with `python -m personas list`, or give the path of a .toml file"


def _from_file(path: Path) -> Persona:
    source = one_line(str(path), 200)
    persona = _parse(_read(path, source), source, path.stem)
    if persona.name in (*persona_names(), *_profiles()) and persona != load_persona(persona.name):
        # Two different personas under one name could not be told apart in a table.
        raise PersonaError(f'{source}: name: "{persona.name}" is a persona of the library; set name = "…" to another one')
    return persona


def _read(path: Path, source: str) -> bytes:
    """The file's bytes. Raises `PersonaError` when it is missing, too large, not readable, or no regular file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PersonaError(f"{source}: is a folder; give the path of a .toml file in it")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise PersonaError(f"{source}: is not a regular file; save the persona as a .toml file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PersonaError(f"{source}: there is no such file; check the path, or see the names with: python -m personas list") from None
    except OSError as error:
        raise PersonaError(f"{source}: cannot be read ({error.strerror}); check the path and its permissions") from None
    except ValueError:  # a null byte in the path
        raise PersonaError(f"{source}: is not a path; check for stray characters") from None
    if len(data) > MAX_BYTES:
        raise PersonaError(f"{source}: is larger than {MAX_BYTES // 1024} KB; a persona is a few short texts")
    return data


def _parse(data: bytes, source: str, default_name: str) -> Persona:
    from personas.schema import parse_persona  # noqa: PLC0415 - pydantic loads with the first persona, not with this module

    return parse_persona(data, source, default_name)
