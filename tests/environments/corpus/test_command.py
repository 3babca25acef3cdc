from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from environments.corpus.__main__ import main
from environments.corpus.command import COMMANDS
from environments.corpus.schema import Space, VideoRow
from environments.corpus.store import Corpus
from environments.embed import wordllama_embedder
from personas.schwartz import VALUES
from tests.environments.corpus.stocking import stocked, video

ROOT = Path(__file__).parents[3]
CAPTIONS = {
    "dinner": "The whole family sits down for dinner \x1b[31mred\nand a new line",
    "race": "Winning the sprint final by a hair",
    "o'hara": "Mother cooks for her children and grandparents",
    "market": "Stock market tips for beginners",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of four captions, embedded by WordLlama."""
    made = Corpus.create(str(tmp_path_factory.mktemp("corpus") / "c"), Space("wordllama", 256))
    vectors = wordllama_embedder().embed_texts(list(CAPTIONS.values()))
    rows = []
    for number, (name, caption) in enumerate(CAPTIONS.items()):
        facts = {"caption": caption, "platform": "tiktok" if number else "youtube", "duration_s": 12.0, "text_vector": vectors[number]}
        loadings = dict.fromkeys(VALUES, 0.0) | {"BE": 1.0} if name == "dinner" else {}
        rows.append(VideoRow(id=name, content=f"{number:064x}", loadings=loadings, **facts))
    made.add(rows, {})
    return made


def _said(capsys, *arguments):
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_help_loads_no_library():
    """The help of the command and of its own sub-commands imports neither LanceDB, Arrow, Polars nor NumPy."""
    code = """
import sys, contextlib, io
from environments.corpus.__main__ import main
for arguments in (["--help"], ["search", "--help"], ["stats", "--help"], ["index", "--help"]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try: main(arguments)
        except SystemExit as end: assert end.code == 0, arguments
    assert "example" in out.getvalue() and "exit codes" in out.getvalue()
print([name for name in ("lancedb", "pyarrow", "polars", "numpy", "rich", "pydantic") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_every_command_is_in_the_help(capsys):
    """The help names every sub-command; none, and one that is unknown, are one line and exit code 2."""
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {name} " in said for name in COMMANDS)
    for wrong in ([], ["nope"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert (ended.value.code, capsys.readouterr().err.count("\n")) == (2, 1)


def test_search_by_meaning_finds_what_does_not_share_a_word(corpus, capsys):
    """A search by meaning brings the kin before the rest; each result is one line without control characters."""
    code, out, err = _said(capsys, "search", corpus.uri, "relatives eating together", "-k", 2, "--by", "text")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 2)
    assert {line.split()[1] for line in lines} == {"dinner", "o'hara"}
    assert "\x1b" not in out
    assert "BE+" in next(line for line in lines if "dinner" in line)


def test_search_as_json_with_words_and_a_filter(corpus, capsys):
    """With --json every result has its distance, score, words and loadings; a filter and a ranking by words hold."""
    code, out, _ = _said(capsys, "search", corpus.uri, "family dinner", "--json")
    found = json.loads(out)
    assert (code, found["by"], found["results"][0]["id"], found["results"][0]["caption"]) == (0, "hybrid", "dinner", CAPTIONS["dinner"])
    assert found["results"][0]["loadings"] == dict.fromkeys(VALUES, 0.0) | {"BE": 1.0}
    assert found["results"][1]["loadings"] is None
    assert 0 < found["results"][0]["distance"] < found["results"][1]["distance"] < 2
    code, out, _ = _said(capsys, "search", corpus.uri, "family dinner", "--by", "words", "--where", "platform = 'tiktok'")
    assert (code, out) == (0, "Nothing was found.\n")
    code, out, _ = _said(capsys, "search", corpus.uri, "qqqqzzzz 😀", "--by", "words")
    assert (code, out) == (0, "Nothing was found.\n")


def test_search_like_a_video_leaves_it_out(corpus, capsys):
    """--like takes an id with a quote in it, and brings the others."""
    code, out, _ = _said(capsys, "search", corpus.uri, "--like", "o'hara", "-k", 10, "--json")
    names = [each["id"] for each in json.loads(out)["results"]]
    assert (code, names[0], set(names)) == (0, "dinner", set(CAPTIONS) - {"o'hara"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--where", "nope = 1"], "the filter 'nope = 1' cannot be used"),
        (["x", "--where", "id = 'a'; DROP TABLE videos"], "must be one expression"),
        (["x", "--where", ""], "the filter is empty"),
        (["--like", "' OR '1'='1"], "has no video ' OR '1'='1"),
        (["x", "--by", "image"], "no image vectors"),
        (["--like", "dinner", "--by", "words"], "--like compares vectors"),
        ([], "say what to search for"),
        (["x", "--like", "dinner"], "say what to search for"),
        (["x", "-k", "0"], "-k must be at least 1"),
    ],
)
def test_what_is_wrong_with_a_search_is_one_line(corpus, capsys, arguments, said):
    """A bad filter, an unknown video, a space that is not there, and nothing to search for: one line on stderr, exit code 2."""
    code, out, err = _said(capsys, "search", corpus.uri, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_another_embedder_is_refused(tmp_path, capsys):
    """A corpus whose vectors are of another length than its embedder's is not searched by meaning; by words it is."""
    made = Corpus.create(str(tmp_path / "c"), Space("wordllama", 4))
    made.add([video(1, frames=[])], {})
    code, _, err = _said(capsys, "search", tmp_path / "c", "clip")
    assert (code, err.count("\n")) == (2, 1)
    assert "256 numbers cannot be compared" in err
    assert _said(capsys, "search", tmp_path / "c", "clip", "--by", "words")[0] == 0


def test_stats_and_index_print_and_speak_json(corpus, capsys):
    """`stats` and `index` print what there is, in words and as JSON, hostile names on one line."""
    code, out, _ = _said(capsys, "stats", corpus.uri)
    assert code == 0
    assert "wordllama (256)" in out
    assert "tiktok 3, youtube 1" in out
    code, out, _ = _said(capsys, "stats", corpus.uri, "--json")
    assert (code, json.loads(out)["videos"], json.loads(out)["missing"]["loadings"]) == (0, 4, 3)
    assert "4 videos: vectors are scanned" in _said(capsys, "index", corpus.uri)[1]
    code, out, _ = _said(capsys, "index", corpus.uri, "--json")
    assert [each["column"] for each in json.loads(out)["indices"]] == ["words"]


def test_hostile_names_stay_on_one_line(tmp_path, capsys):
    """Topics and ids with line ends and escape sequences do not break out of their line."""
    made = stocked(tmp_path / "c", [video(1, id="a\nb\x1b[2J", topic="x\ny", caption="p\nq")])
    said = _said(capsys, "stats", made.uri)[1] + _said(capsys, "search", made.uri, "p", "--by", "words")[1]
    assert "\x1b" not in said
    assert not any(line in ("y", "q", "b") for line in said.splitlines())
    assert "a\\u000ab\\u001b[2J" in said


@pytest.mark.parametrize("command", ["search", "stats", "index"])
def test_no_corpus_is_one_line(tmp_path, capsys, command):
    """A folder that is no corpus is one line that says how to make one, exit code 2."""
    code, out, err = _said(capsys, command, tmp_path, *(["x"] if command == "search" else []))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is no corpus; `python -m environments.corpus add" in err


def test_an_unknown_field_of_a_filter_brings_all_there_are(corpus, capsys):
    """A filter on a field that is not there is told every field, labels first, whole."""
    err = _said(capsys, "search", corpus.uri, "x", "--where", "nope > 1")[2]
    assert err.index("SD, ST, HE") < err.index("HE_sd") < err.index("labels_source") < err.index("caption") < err.index("added")


def test_a_folder_of_videos_is_what_a_corpus_is_made_of(tmp_path, capsys):
    """A folder with other things in it, which `add` refuses as a corpus, is named as what to add."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"x")
    assert f"add CORPUS {tmp_path / 'videos'}`" in _said(capsys, "stats", tmp_path / "videos")[2]
    assert f"add {tmp_path / 'new'} FOLDER`" in _said(capsys, "stats", tmp_path / "new")[2]


def test_rows_besides_an_index_are_explained_or_folded_in(tmp_path, capsys, monkeypatch):
    """Few rows that came after the index are said to be found all the same; from the threshold on the command takes them in."""
    made = stocked(tmp_path / "c", [video(1)])
    _said(capsys, "index", made.uri)
    made.add([video(2, frames=[])], {})
    out = _said(capsys, "index", made.uri)[1]
    assert "1 rows, 1 besides" in out and "found all the same" in out
    monkeypatch.setattr("environments.corpus.indexing.INDEX_FROM_ROWS", 2)
    monkeypatch.setattr("environments.corpus.indexing._ensure_vectors", lambda table, column: None)  # two rows train no index
    out = _said(capsys, "index", made.uri)[1]
    assert "2 rows, 0 besides" in out and "besides an index" not in out
