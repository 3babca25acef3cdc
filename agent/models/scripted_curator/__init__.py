"""`scripted-curator`: an embedded curator that writes true questions by rule, from the symbols that any curator is told, and nothing else.

`--model-option flawed=0.2` plants wrong answers in that share of what it writes; `seed=N` draws anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions
    from agent.models.scripted_curator.model import ScriptedCurator

__all__ = ["build"]


def build(name: str, options: ModelOptions) -> ScriptedCurator:
    """The respondent `scripted-curator`. Raises ModelSetupError for options it lacks."""
    from pydantic import ValidationError  # noqa: PLC0415 - loads with the first curator

    from agent.models.complaint import first_complaint  # noqa: PLC0415
    from agent.models.scripted_curator.model import ScriptedCurator, Settings  # noqa: PLC0415

    if name:
        raise ModelSetupError(f"there is one scripted curator, not one called {name[:60]!r}: write scripted-curator")
    if options.base_url or options.serve:
        raise ModelSetupError("scripted-curator takes no --base-url and no server: it runs inside this program")
    try:
        return ScriptedCurator(Settings.model_validate(dict(options.extra)))
    except ValidationError as error:
        raise ModelSetupError(f"scripted-curator: {first_complaint(error)}; the options are {', '.join(Settings.model_fields)}") from None
