"""The embedded baseline under full profiles: what it reads from their descriptions is what they aim at."""

from __future__ import annotations

from statistics import correlation, mean

from agent.models.reader.taste import read_taste
from agent.models.reader.values import value_scale
from personas.profiles import make_profile
from personas.schwartz import VALUES


def test_the_reader_reads_the_target_from_a_description() -> None:
    """Over twelve full profiles the tastes read from the two descriptions correlate with the target, on average at least .7."""
    found = []
    for number in range(1, 13):
        persona = make_profile(number)
        for paraphrase in (0, 1):
            weights = read_taste(persona.text(paraphrase), value_scale()).weights
            found.append(correlation([weights[v] for v in VALUES], [persona.target[v] for v in VALUES]))
    assert mean(found) >= 0.7
    assert min(found) > 0.3
