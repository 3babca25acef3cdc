"""Which sessions are meant: by their own names, or by a persona's or a model's, the ones that fit together best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.viewer.experiment import Row, Table
from agent.viewer.library import Library
from agent.viewer.wire import text_of
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["chosen_sessions"]

_MOST_CANDIDATES = 100


def chosen_sessions(library: Library, names: Sequence[str]) -> list[str]:
    """The names of the sessions to compare, at least two.

    A persona or model that played several sessions stands for the one that has most in common with the others (seed, feed, prompt cell),
    the newest of equals. Raises UserError for a name that is nobody's.
    """
    rows = {name: row for name, (_, row) in Table(library).rows().items()}
    candidates = [_candidates(name, rows) for name in names]
    if len(names) == 1 and len(candidates[0]) > 1:
        return candidates[0][:_MOST_CANDIDATES]
    if len(names) == 1:
        raise UserError(f"--compare takes two names or more, and {one_line(names[0])!r} is one session: name another beside it")
    chosen = max((_fitting(first, candidates[1:], rows) for first in candidates[0][:_MOST_CANDIDATES]), key=lambda found: found[0])[1]
    if len(set(chosen)) < len(chosen):
        raise UserError("--compare was given the same session twice: name different ones")
    return chosen


def _candidates(name: str, rows: Mapping[str, Row]) -> list[str]:
    """The sessions that a name may mean, the newest first."""
    if name in rows:
        return [name]
    found = [
        session for session, row in rows.items() if name in {row.persona, text_of(row.spec.get("persona")), text_of(row.spec.get("model"))}
    ]
    if not found:
        known = sorted({row.persona for row in rows.values() if row.persona})
        raise UserError(
            f"--compare {one_line(name)!r} is neither a session, a persona nor a model here; "
            f"the personas are {one_line(', '.join(known[:12]), 300) or 'unknown'}"
        )
    return sorted(found, key=lambda session: rows[session].created_at, reverse=True)


def _fitting(first: str, others: Sequence[Sequence[str]], rows: Mapping[str, Row]) -> tuple[tuple[int, int, float], list[str]]:
    """`first` with the best partner from each of `others`: how many different, how much in common, how new; and their names."""
    chosen, common, new = [first], 0, rows[first].created_at
    for candidates in others:
        free = [name for name in candidates if name not in chosen] or list(candidates)
        scored = [(_common(rows[first], rows[name]), rows[name].created_at, name) for name in free[:_MOST_CANDIDATES]]
        score, age, best = max(scored)
        chosen.append(best)
        common, new = common + score, new + age
    return (len(set(chosen)), common, new), chosen


def _common(one: Row, other: Row) -> int:
    """In how many fields two specs agree."""
    return sum(one.spec.get(name) == other.spec.get(name) for name in {*one.spec, *other.spec})
