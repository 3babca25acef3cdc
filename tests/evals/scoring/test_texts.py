"""Metrics of free text against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evals.scoring.texts import METRICS, bleu, cider, exact, f1, text_scores, words_of

GUIDE = "It is a guide to action which ensures that the military always obeys the commands of the party."
TO_ACTION = (
    "It is a guide to action that ensures that the military will forever heed Party commands.",
    "It is the guiding principle which guarantees the military forces always being under the command of the Party.",
    "It is the practical guide for the army always to heed the directions of the party.",
)


def test_bleu_of_the_papers_example() -> None:
    """Papineni et al. 2002, example 1: 17/18 words, 10/17 bigrams, then 7/16 and 4/15; as long as the closest reference."""
    assert bleu([GUIDE], [TO_ACTION]) == pytest.approx((17 / 18 * 10 / 17 * 7 / 16 * 4 / 15) ** 0.25)
    assert bleu(["the the the the"], [["the cat sat the mat"]]) == 0
    smoothed = (2 / 4 * 1 / 4 * 1 / 3 * 1 / 2) ** 0.25 * math.exp(1 - 5 / 4)
    assert bleu(["the the the the"], [["the cat sat the mat"]], "add-one") == pytest.approx(smoothed)


def test_bleu_is_of_the_corpus_with_its_brevity() -> None:
    """Matches and lengths add up over items before anything is divided; of two references as close the shorter counts."""
    assert bleu(["a b c d"], [["a b c d e f"]]) == pytest.approx(math.exp(1 - 6 / 4))
    both = bleu(["a b c d", "a x c d e f g h"], [["a b c d e f"], ["a b c d e f g h"]])
    assert both == pytest.approx(((4 + 7) / 12 * (3 + 5) / 10 * (2 + 4) / 8 * (1 + 3) / 6) ** 0.25 * math.exp(1 - 14 / 12))
    assert bleu(["a b c d"], [["a b c d e", "a b c"]]) == 1
    assert bleu(["", "a b c d"], [["x"], ["a b c d"]]) == pytest.approx(math.exp(1 - 5 / 4))


def test_cider_d_of_small_corpora() -> None:
    """Words of all items weigh nothing; equal texts of two words have n = 1 and 2 of 4; clipping and length are CIDEr-D's."""
    assert cider(["a cat", "a cat"], [["a cat"], ["a dog"]]) == pytest.approx([5, 0])
    longer = 10 * (1 / 2 + 1 / math.sqrt(2)) / 4 * math.exp(-1 / 72)
    assert cider(["a cat cat", "x"], [["a cat"], ["a dog"]])[0] == pytest.approx(longer)
    several = cider(["a cat", "x"], [["a cat", "a bird"], ["a dog"]])
    assert several[0] == pytest.approx(2.5)
    assert cider(["one two three four five", "x"], [["one two three four five"], ["six"]])[0] == pytest.approx(10)
    assert cider(["a cat"], [["a cat"]]) == pytest.approx([0])


def test_exact_match_and_token_f1() -> None:
    """Case, punctuation and articles do not count; the best reference does."""
    assert exact("The Dog!", ["dog"]) == 1 and exact("dogs", ["dog"]) == 0 and exact("dog big", ["big dog"]) == 0
    assert f1("a red big dog", ["the big dog"]) == pytest.approx(0.8)
    assert f1("red", ["blue", "red red"]) == pytest.approx(2 / 3)
    assert f1("", ["dog"]) == 0 and f1("the", ["a"]) == 1
    assert words_of("It’s Łódź, isn't it? 3.5") == ["it's", "łódź", "isn't", "it", "3", "5"]


def test_intervals_resample_items_or_clusters() -> None:
    """Bounds hold the estimate; items of one cluster come together, and too few of them give none."""
    answers = [f"w{n} same" if n % 2 else "other thing" for n in range(40)]
    references = [[f"w{n} same"] for n in range(40)]
    found = text_scores(answers, references)
    assert found["exact"].estimate == 0.5 and found["f1"].estimate == 0.5
    assert found["cider"].estimate == pytest.approx(float(np.mean(cider(answers, references))))
    for each in found.values():
        assert each.low is not None and each.high is not None and each.low <= each.estimate <= each.high
    apart, together = found["exact"], text_scores(answers, references, ["exact"], [str(n % 4) for n in range(40)])["exact"]
    assert apart.high is not None and apart.low is not None and together.high is not None and together.low is not None
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert text_scores(answers[:2], references[:2], ["f1"])["f1"].low is None
    whole = text_scores([GUIDE] * 5, [TO_ACTION] * 5, ["bleu"])["bleu"]
    assert (whole.low, whole.high) == (pytest.approx(whole.estimate), pytest.approx(whole.estimate))


def test_words_of_every_script() -> None:
    """A letter is the same however it is composed, marks belong to their letter, and Han and kana are words one by one."""
    assert words_of("Café") == words_of("Cafe\u0301") == ["café"]
    assert words_of("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert words_of("我们很好, ok") == ["我", "们", "很", "好", "ok"]
    assert f1("我们很好", ["我们不好"]) == pytest.approx(0.75)
    assert words_of("Don’t 'quote' it") == ["don't", "quote", "it"]


def test_an_empty_answer_counts_and_has_nothing() -> None:
    """Nothing said is 0 by each metric, and its reference's length counts against the corpus."""
    assert bleu([""], [["a b c d"]]) == 0
    assert list(cider(["", "a b c d"], [["e f g h"], ["a b c d"]])) == [0, pytest.approx(10)]
    assert bleu(["a b c d", ""], [["a b c d"], ["e f g h"]]) == pytest.approx(math.exp(1 - 8 / 4))


def test_bounds_do_not_depend_on_what_else_is_computed() -> None:
    """Each metric has the bounds that it has alone, though all share their resamples."""
    answers, references = ["a b c d", "a b", "c d e f", "x"], [["a b c d"], ["a c"], ["c d e g"], ["x y"]]
    together = text_scores(answers, references, seed=1)
    for metric in METRICS:
        assert text_scores(answers, references, [metric], seed=1)[metric] == together[metric]


def test_brevity_is_against_the_reference_closest_in_length() -> None:
    """Of references of 3 and 7 words an answer of 6 is held to 7; of 5 and 7, as close, to the shorter."""
    said = "a b c d e f"
    assert bleu([said], [["x y z", f"{said} g"]]) == pytest.approx(math.exp(1 - 7 / 6))
    assert bleu([said], [["v w x y z", f"{said} g"]]) == pytest.approx(1)
