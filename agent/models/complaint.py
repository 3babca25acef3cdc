"""What is wrong with a user's data, as one line: pydantic's first complaint without its pages and links."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["first_complaint"]


def first_complaint(error: ValidationError) -> str:
    """`place: what is wrong` of the first error, and how many more there are. Never shows the offending value: it may be a secret."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    place = ".".join(str(part) for part in errors[0]["loc"])
    message = errors[0]["msg"].removeprefix("Value error, ")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return (f"{place}: " if place else "") + message + more
