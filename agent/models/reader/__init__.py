"""`reader`: the embedded respondent. A baseline reader, not a VLM: it reads the words it is shown and compares them with the persona's.

`docs/reader.md` says how it decides, what was measured, and where it fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.reader.model import Reader
    from agent.models.registry import ModelOptions

__all__ = ["build"]


def build(name: str, options: ModelOptions) -> Reader:
    """The respondent `reader`. Its weights load with the first question. Raises ModelSetupError for options it lacks."""
    from agent.models.reader.model import Reader  # noqa: PLC0415 - numpy loads with the first reader
    from agent.models.settings import check_keys  # noqa: PLC0415

    if name:
        raise ModelSetupError(f"there is one reader, not one called {name[:60]!r}: write reader")
    if options.base_url or options.serve:
        raise ModelSetupError("reader takes no --base-url and no server: it runs inside this program")
    check_keys(options.extra, (), "reader")
    return Reader()
