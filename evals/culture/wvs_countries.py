"""Names of the countries of a survey: those that the codebook gives, else by the codes of ISO 3166-1."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files

from personas.errors import FeedError

__all__ = ["COUNTRY", "Countries"]

COUNTRY = ("B_COUNTRY_ALPHA", "B_COUNTRY")
"""Columns that say the country, the first that is there: ISO 3166-1 alpha-3, else its number."""


class Countries:
    """`named`: by code, of the codebook; those of ISO 3166-1 come after it. Codes without a name are kept, to be told together."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named, self._iso = named, _country_names()
        self._sources: dict[str, str] = {}
        self._unknown: dict[str, str] = {}

    def name(self, row: Mapping[str, str], where: str) -> str | None:
        """The country of a person; None where its code has no name, which `check` tells."""
        column = next(name for name in COUNTRY if name in row)
        code = row[column]
        for source, known in (("the codebook", self._named), ("ISO 3166-1 by their codes", self._iso)):
            if (name := known.get(code) or known.get(code.lstrip("0"))) is not None:
                self._sources[code] = source
                return name
        self._unknown.setdefault(code, f"{where}, {column}")
        return None

    def check(self) -> None:
        """Raises FeedError that names all codes without a name in one line, and where the first stands."""
        if not self._unknown:
            return
        (first, where), *others = self._unknown.items()
        nor = f", nor are {', '.join(repr(code[:40]) for code, _ in others[:20])}" if others else ""
        more = f" and {len(others) - 20} more" if len(others) > 20 else ""
        column = where.rpartition(", ")[2]
        advice = f"name {'each' if others else 'it'} in the codebook (column {column}, code, label)"
        raise FeedError(f"{where}: the country {first[:40]!r} is not known{nor}{more}; {advice}")

    @property
    def told(self) -> str:
        """Where the names are from."""
        return f"Names of countries: {', '.join(f'{count} of {source}' for source, count in Counter(self._sources.values()).items())}."


def _country_names() -> dict[str, str]:
    """By alpha-3 code and by number (ISO 3166-1)."""
    data = json.loads(files("evals.culture").joinpath("wvs_countries.json").read_text(encoding="utf-8"))
    return {code: name for number, alpha, name in data["countries"] for code in (str(number), alpha)}
