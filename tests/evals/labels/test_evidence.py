"""Whether evidence stands in what the judge has read."""

from __future__ import annotations

import pytest

from evals.labels.evidence import NOT_THERE, kind_of, post_words, stored

WORDS = post_words({"caption": "Grandma’s — stew,\nslow all day! #family", "hashtags": ["family", "food"], "counts": {"likes": 3}})


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        ("grandma's stew", "quoted"),
        ('"Grandma\'s - stew"', "quoted"),
        ("slow … family", "quoted"),
        ("slow ... never said", "not there"),
        ("andma", "not there"),
        ("a family that loves", "not there"),
        ("", "missing"),
        ("…", "missing"),
        ("seen: a big pot", "seen"),
        ("Seen:  ", "missing"),
    ],
)
def test_spans_are_looked_up(evidence, kind):
    """Case, marks, white space and the kind of quotation marks do not matter; words do, as whole words."""
    assert kind_of(evidence, WORDS, pictures=True) == kind


def test_what_is_seen_needs_pictures():
    """Who read a script alone has seen nothing: such evidence is no quotation."""
    assert kind_of("seen: a big pot", WORDS, pictures=False) == "not there"


def test_scripts_without_spaces_are_searched_too():
    """A part of a Chinese sentence is a quotation of it."""
    assert kind_of("妈妈做饭", post_words({"caption": "我的妈妈做饭很好吃"}), pictures=False) == "quoted"


def test_invented_evidence_is_marked():
    """It is kept, and nobody can take it for a quotation."""
    assert stored("made up", "not there") == f"{NOT_THERE}made up"
    assert stored(" stew ", "quoted") == "stew"
