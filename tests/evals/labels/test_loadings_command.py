"""`python -m evals.labels loadings`, and `agreement` where its file cannot be written."""

from __future__ import annotations

from environments.corpus.store import Corpus
from evals.labels.__main__ import main
from tests.evals.labels.small_corpus import make_corpus
from tests.evals.labels.test_scores import codes


def test_more_judges_than_there_are_take_no_loadings_away(tmp_path, capsys):
    """--least above the number of judges, which would leave no video with loadings, is refused with that number; loadings stay."""
    corpus = make_corpus(tmp_path / "c", 6)
    corpus.add_codes(codes([(f"v{n:03d}", who, "judge", 0, {"HE": n % 2}) for n in range(6) for who in ("a", "a+script", "b")]))
    assert main(["loadings", str(tmp_path / "c"), "--least", "2"]) == 0
    capsys.readouterr()
    assert main(["loadings", str(tmp_path / "c"), "--least", "3"]) == 2
    said = capsys.readouterr().err
    assert "--least 3 would leave no video with loadings" in said and "there are 2 in all" in said and said.count("\n") == 1
    kept = Corpus.open(str(tmp_path / "c")).table(["HE", "labels_source"])
    assert kept["HE"].null_count() == 0 and set(kept["labels_source"]) == {"judges: a and a+script, b"}


def test_a_table_that_cannot_be_written_says_why(tmp_path, capsys):
    """A place that takes no file is one line with the reason."""
    corpus = make_corpus(tmp_path / "c", 6)
    corpus.add_codes(codes([(f"v{n:03d}", who, "judge", 0, {"HE": n % 2}) for n in range(6) for who in ("a", "b")]))
    (tmp_path / "taken.csv").mkdir()
    assert main(["agreement", str(tmp_path / "c"), "--out", str(tmp_path / "taken.csv")]) == 1
    said = capsys.readouterr().err
    assert "None" not in said and "is a dir" in said and said.count("\n") == 1
