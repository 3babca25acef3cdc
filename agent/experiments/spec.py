"""What an experiment is: a TOML file, validated. Blocks of session fields are crossed; a list varies, anything else is constant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.spec import SessionSpec
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["Block", "ExperimentLimits", "ExperimentSpec", "ModelSettings", "read_experiment"]

MAX_BYTES = 1024 * 1024
EXTRA_KEYS = ("repeats", "together", "control")
"""What a block may hold besides the fields of a session."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
PER_MODEL = ("base_url", "serve", "model_options")
"""Session fields that go with the model's name."""

Block = Mapping[str, Any]


class ExperimentLimits(BaseModel):
    """When to stop, over all runs of the experiment. None: no limit. Not part of what the experiment is: raising one resumes it.

    max_usd in US dollars, max_tokens of all kinds together, max_requests to the provider, max_minutes that the sweep has run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_usd: Annotated[Decimal, Field(gt=0)] | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    max_requests: Annotated[int, Field(gt=0)] | None = None
    max_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class ModelSettings(BaseModel):
    """How one model is reached. `concurrency`: sessions of it at once (None: 32 over HTTP, 8 within the process).

    base_url, serve, options as in a session (`options` is its `model_options`); limits: of this model alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = None
    serve: bool = False
    options: dict[str, str] = Field(default_factory=dict)
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = None
    limits: ExperimentLimits = ExperimentLimits()

    @field_validator("options", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """Numbers and truth values as they are written on a command line."""
        if not isinstance(value, dict):
            return value
        return {key: str(each).lower() if isinstance(each, bool) else str(each) for key, each in value.items()}


class ExperimentSpec(BaseModel):
    """One experiment.

    name      of its folder
    summary   one line for people
    contrast  the name of the persona that the others are compared with; the plan counts who has it as a partner on the same clips
    common    session fields that hold everywhere
    cross     blocks: each crosses its lists, over `common`. `repeats = N`: each cell N times; `together = [["feed", "seed"]]`: lists that
              vary together and not against each other; `control = "default"`: for sessions with phases, a twin that this persona plays
    models    settings by model name
    limits    of the whole
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str = ""
    contrast: str = "default"
    common: dict[str, Any] = Field(default_factory=dict)
    cross: Annotated[list[dict[str, Any]], Field(min_length=1)]
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    limits: ExperimentLimits = ExperimentLimits()

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("use letters, digits, dots, dashes and underscores, at most 60")
        return value

    @field_validator("common", "cross")
    @classmethod
    def _check_fields(cls, value: Any) -> Any:
        for block in value if isinstance(value, list) else [value]:
            for key in block:
                if key in PER_MODEL:
                    raise ValueError(f'{key} belongs to a model: write it under [models."PROVIDER/NAME"]')
                if key not in SessionSpec.model_fields and key not in EXTRA_KEYS:
                    known = ", ".join(name for name in (*SessionSpec.model_fields, *EXTRA_KEYS) if name not in (*PER_MODEL, "repeat"))
                    raise ValueError(f"there is no session field {key!r}; the fields are {known}")
                if key == "repeat":
                    raise ValueError("write repeats = N, for N sessions of each cell")
        return value


def read_experiment(path: Path) -> ExperimentSpec:
    """The experiment in a TOML file. Raises SpecError in one line that names the file, the key and the fix."""
    shown = one_line(str(path), 200)
    try:
        if not path.is_file():
            raise SpecError(f"there is no experiment file {shown}; give a .toml file, such as experiments/quick.toml")
        if path.stat().st_size > MAX_BYTES:
            raise SpecError(f"{shown} is larger than {MAX_BYTES // 1024} KB: an experiment is a few lines")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{shown} cannot be read ({error.strerror}); check the path and its permissions") from None
    except RecursionError:
        raise SpecError(f"{shown} nests its lists or tables too deeply: an experiment is a few lines") from None
    except ValueError as error:  # not UTF-8, not TOML
        raise SpecError(f"{shown} is not valid TOML: {one_line(str(error), 200)}") from None
    try:
        return ExperimentSpec.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        raise SpecError(f"{shown}: {_where(error)}") from None


def _where(error: ValidationError) -> str:
    """The first faults, each with its place in the file."""
    faults = []
    for item in error.errors(include_url=False)[:3]:
        place = ".".join(str(part) for part in item["loc"])
        faults.append(f"{place}: {str(item['msg']).removeprefix('Value error, ')}")
    return one_line("; ".join(faults), 400)
