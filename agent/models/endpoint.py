"""Where a model is served and with which key; keys are found before the first step of a session."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from agent.models.faults import Caller
from agent.models.prices import Price
from agent.models.settings import Settings
from personas.errors import ModelSetupError

__all__ = ["Endpoint", "find_key", "require_key"]


@dataclass(frozen=True)
class Endpoint:
    """One model behind one base URL. `key` is a secret and shows in no repr; `price` is None where unknown."""

    provider: str
    model: str
    base_url: str
    key: str | None = field(repr=False)
    key_variable: str
    settings: Settings
    price: Price | None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}"

    @property
    def caller(self) -> Caller:
        """What error messages say of this endpoint."""
        return Caller(self.name, self.base_url, self.key, self.key_variable)


def find_key(*variables: str) -> str | None:
    """The key in the first of these environment variables that is set. Raises ModelSetupError where it cannot be a key."""
    for variable in variables:
        key = os.environ.get(variable, "").strip()
        if key:
            if not (key.isascii() and key.isprintable() and " " not in key):
                raise ModelSetupError(f"{variable} does not hold a key: it has spaces or characters that no key has")
            return key
    return None


def require_key(variable: str, provider: str) -> str:
    """The key in `variable`. Raises ModelSetupError that names it where it is not set."""
    key = find_key(variable)
    if key is None:
        raise ModelSetupError(f"{provider} needs a key: set the environment variable {variable}")
    return key
