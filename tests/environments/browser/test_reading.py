"""Counts and hashtags as pages write them."""

from __future__ import annotations

import pytest

from environments.browser.sites.reading import hashtags_of, one_space, parse_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1.2M", 1_200_000), ("12,3 Tsd.", 12_300), ("1 234", 1234), ("1 234", 1234), ("1\u202f234\u202f567", 1_234_567),
        ("1,234", 1234), ("1.234", 1234), ("1.234.567", 1_234_567), ("987", 987), ("0", 0), ("3.4K", 3400), ("2 Mio.", 2_000_000),
        ("1,5 Mrd.", 1_500_000_000), ("7.5B", 7_500_000_000), ("1,2 mln", 1_200_000), ("5 тыс.", 5000), ("3.2万", 32_000), ("1億", 10**8),
        ("2.5만", 25_000), ("1.5 lakh", 150_000), ("12 k", 12_000), ("1’234", 1234), ("45 comments", 45),
        ("like this video along with 12,345 other people", 12_345), ("Like", None), ("", None), ("Gefällt mir", None), ("9" * 30, None),
        ("1.5", 2), ("10.", 10), ("12 345 vues", 12_345),
    ],
)  # fmt: skip
def test_counts_of_many_languages(text: str, count: int | None) -> None:
    """Units, thousands and decimal signs; no number is None, and so is a number beyond belief."""
    assert parse_count(text) == count


def test_hashtags_are_linked_ones_first_and_each_once() -> None:
    """Without '#'; an anchor in an address and an entity are no hashtags."""
    found = hashtags_of("see #été, #cat_1 and https://a.b/#part &#39; #cat_1", ["#dog ", "été"])
    assert found == ("dog", "été", "cat_1")


def test_text_is_one_line_without_hidden_signs() -> None:
    """Line ends and runs of spaces become one space, direction marks and other control signs go."""
    assert one_space("a\u202eb\n\n c\u0007 \u200bd") == "ab c d"
