"""What a call costs: a dated table of list prices, the user's own prices over it, and the sum. All money is Decimal USD."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.models.base import Usage
from agent.models.complaint import first_complaint
from agent.models.settings import Settings
from personas.errors import ModelSetupError

__all__ = ["FREE", "PRICES_VARIABLE", "Price", "PriceTable", "cost", "known_price", "price_for", "read_prices"]

PRICES_VARIABLE = "AXIOFEED_PRICES"
"""Environment variable: a user's own price file, read before the built-in table."""

_MILLION = Decimal(1_000_000)
_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


@dataclass(frozen=True)
class Price:
    """USD per million tokens. `up_to_input_tokens`: above that prompt length these prices do not hold."""

    input: Decimal
    output: Decimal
    cached: Decimal
    cache_written: Decimal
    up_to_input_tokens: int | None = None


FREE = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
"""A model on the user's own machine."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    models: list[str] = Field(min_length=1)
    input: Decimal = Field(ge=0, allow_inf_nan=False)
    output: Decimal = Field(ge=0, allow_inf_nan=False)
    cached: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    cache_written: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    up_to_input_tokens: int | None = Field(default=None, ge=1)
    source: str = ""


class PriceTable(BaseModel):
    """A price file: the day it was checked and its rows. A row without cache prices charges cached tokens as fresh ones."""

    model_config = ConfigDict(extra="forbid")

    as_of: str
    price: list[_Row] = []

    def find(self, model: str) -> Price | None:
        """The price of `provider/name`, also of a dated snapshot of a listed name."""
        for wanted in (model, _SNAPSHOT.sub("", model)):
            for row in self.price:
                if wanted in row.models:
                    cached = row.input if row.cached is None else row.cached
                    written = row.input if row.cache_written is None else row.cache_written
                    return Price(row.input, row.output, cached, written, row.up_to_input_tokens)
        return None


def read_prices(path: Path) -> PriceTable:
    """The price file at `path`. Raises ModelSetupError that names the file and what is wrong with it."""
    try:
        return PriceTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelSetupError(f"cannot read the price file {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ModelSetupError(f"price file {path}: {first_complaint(error)}") from None
    except ValueError as error:  # not UTF-8, not TOML
        raise ModelSetupError(f"price file {path} is not valid TOML: {error}") from None


@lru_cache(maxsize=1)
def _built_in() -> PriceTable:
    return read_prices(Path(__file__).with_name("prices.toml"))


def known_price(model: str) -> Price | None:
    """The price of `provider/name` in the user's file if there is one, else in the built-in table; None where neither lists it."""
    users = os.environ.get(PRICES_VARIABLE)
    own = read_prices(Path(users)).find(model) if users else None
    return own or _built_in().find(model)


def price_for(model: str, settings: Settings, *, local: bool = False, listed: bool = True) -> Price | None:
    """The price to charge `provider/name` at: `price_*` options over the user's file over the table; free where `local`; None if unknown.

    Not `listed` (another server under the provider's name): neither file nor table applies, only the options.
    Raises ModelSetupError where the options give only a part of an unknown price.
    """
    base = known_price(model) if listed else None
    given = {
        "input": settings.price_input,
        "output": settings.price_output,
        "cached": settings.price_cached,
        "cache_written": settings.price_cache_written,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if not chosen:
        return base or (FREE if local else None)
    if base is not None and not {"input", "output"} <= chosen.keys():
        return Price(**{**asdict(base), **chosen})
    if not {"input", "output"} <= chosen.keys():
        raise ModelSetupError(f"the price of {model} is unknown: give --model-option price_input=… and --model-option price_output=…")
    fresh = chosen["input"]
    return Price(fresh, chosen["output"], chosen.get("cached", fresh), chosen.get("cache_written", fresh))


def cost(usage: Usage, price: Price | None) -> Decimal | None:
    """USD for `usage`; None where the price is unknown for it. Reasoning tokens are within `output` and are not charged again."""
    if price is None:
        return None
    if price.up_to_input_tokens is not None and usage.input + usage.cached + usage.cache_written > price.up_to_input_tokens:
        return None
    total = usage.input * price.input + usage.cached * price.cached + usage.cache_written * price.cache_written
    return (total + usage.output * price.output) / _MILLION
