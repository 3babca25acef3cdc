"""Instruments: which items belong to which value, on which scale they are answered, and what people answered."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from environments.decks.items import INSTRUMENTS, PORTRAITS, Deck, instrument_key, load_deck
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import HIGHER_ORDER, NAMES, VALUES, theory

__all__ = ["CHOICES", "ESS_VARIABLES", "OWN", "Instrument", "Reference", "deck_name", "find_instrument", "instrument_of", "value_name"]

OWN = "own"
CHOICES = (*INSTRUMENTS, PORTRAITS, OWN)
"""What `--instrument` takes."""

ESS_VARIABLES: tuple[str, ...] = tuple(theory()["ess_variable_order_items1to21"])
"""Names of the items of PVQ-21 in the European Social Survey, in the order of its items 1 to 21."""

_TITLES = {"pvq21": "PVQ-21", "pvq40": "PVQ-40", "pvqrr": "PVQ-RR", "svs57": "Schwartz Value Survey (57 items)", PORTRAITS: "Portraits"}
_ALIASES = {"svs": "svs57", "pvq57": "pvqrr", "pvqr3": "pvqrr", "ess": "pvq21", "ess21": "pvq21"}


@dataclass(frozen=True)
class Reference:
    """What people answered: mean of the centred score by value, the range of its standard deviations, and the source in a sentence."""

    title: str
    source: str
    respondents: int
    sd_low: float
    sd_high: float
    centred: Mapping[str, float]


@dataclass(frozen=True)
class Instrument:
    """`numbers`: of all items, those that no value uses too. `low`, `high`: ends of the scale. `key`: numbers by value, in circular order.

    `groups`: the higher-order values and the values in each. `status`: what has to be said of the instrument wherever it is used, or "".
    `same_form`: whether `reference` is of this very form. `reversed`: numbers of the items that speak against their value.
    """

    name: str
    title: str
    numbers: tuple[int, ...]
    low: int
    high: int
    key: Mapping[str, tuple[int, ...]]
    groups: Mapping[str, tuple[str, ...]]
    protocol: str = "likert"
    status: str = ""
    reference: Reference | None = field(default=None, repr=False)
    same_form: bool = False
    reversed: frozenset[int] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        """The codes that are scored."""
        return tuple(self.key)


def value_name(code: str) -> str:
    """A name for people: of a value, of a higher-order value, or the code itself."""
    return NAMES.get(code) or (code.replace("_", "-").capitalize() if code in HIGHER_ORDER else code)


def find_instrument(name: str, items: str | None = None) -> Instrument:
    """The instrument called `name` ("pvq21", "PVQ-40", "svs" …). `items` names the file of an instrument of one's own.

    Raises UserError for an unknown name, FeedError for items that cannot be used.
    """
    plain = name.strip().lower().replace("-", "").replace("_", "")
    plain = _ALIASES.get(plain, plain)
    if plain not in CHOICES:
        raise UserError(f"there is no instrument {one_line(name, 40)!r}; choose one of: {', '.join(CHOICES)}")
    if plain in INSTRUMENTS:
        return _published(plain)
    if plain == PORTRAITS:
        return instrument_of(load_deck(PORTRAITS))
    if items is None:
        raise UserError("an instrument of your own needs --items: a CSV file with the columns number, text and code")
    return instrument_of(load_deck(items))


def deck_name(instrument: Instrument, items: str | None) -> str:
    """How a session calls the deck of `instrument` with the user's texts in the file `items`. Raises UserError where texts are missing."""
    if instrument.name == PORTRAITS:
        if items is not None:
            raise UserError("portraits brings its own texts: leave out --items, or use --instrument own")
        return PORTRAITS
    if items is None:
        raise UserError(
            f"the texts of {instrument.title} are licensed and not in this package: give them with --items, "
            "a CSV file with the columns number and text"
        )
    return items if instrument.name == OWN else f"{instrument.name}:{items}"


def instrument_of(deck: Deck) -> Instrument:
    """The instrument that a deck is. Raises UserError when none of its items has a code."""
    if deck.instrument in INSTRUMENTS:
        return _published(deck.instrument)
    if not deck.key:
        raise UserError("no item has a code, so there is nothing to score: add a column code, such as SD, ST or a name of your own")
    key: dict[str, tuple[int, ...]] = {}
    for code, numbers in deck.key.items():
        key[code.removeprefix("-")] = tuple(sorted((*key.get(code.removeprefix("-"), ()), *numbers)))
    return Instrument(
        name=deck.instrument,
        title=_TITLES.get(deck.instrument, "own items"),
        numbers=tuple(sorted(item.number for item in deck.items)),
        low=1,
        high=6,
        key=_in_order(key),
        groups=_groups(key),
        status=deck.status,
        reference=_reference() if set(key) == set(VALUES) else None,
        reversed=frozenset(number for code, numbers in deck.key.items() if code.startswith("-") for number in numbers),
    )


def _published(name: str) -> Instrument:
    survey = name == "svs57"
    key = _in_order(instrument_key(name))
    return Instrument(
        name=name,
        title=_TITLES[name],
        numbers=tuple(range(1, INSTRUMENTS[name][1] + 1)),
        low=-1 if survey else 1,
        high=7 if survey else 6,
        key=key,
        groups=_groups(key),
        protocol="likert-svs" if survey else "likert",
        reference=_reference() if name in {"pvq21", "pvq40"} else None,
        same_form=name == "pvq21",
    )


def _in_order(key: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Values in circular order, codes that are no values after them."""
    circle = [*VALUES, *theory()["refined19_order_theory2012"]]
    known = [code for code in dict.fromkeys(circle) if code in key]
    return {code: tuple(key[code]) for code in (*known, *(code for code in key if code not in known))}


def _groups(key: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, ...]]:
    """The higher-order values all of whose values are in the key."""
    refined = {name: tuple(codes) for name, codes in theory()["refined19_to_higher4_pvqrr"].items() if name in HIGHER_ORDER}
    for groups in (HIGHER_ORDER, refined):
        found = {name: tuple(codes) for name, codes in groups.items() if all(code in key for code in codes)}
        if found:
            return found
    return {}


def _reference() -> Reference:
    data = tomllib.loads(files("evals.values.questionnaire").joinpath("reference.toml").read_text(encoding="utf-8"))["pvq21"]
    return Reference(**data)
