"""`python -m evals.labels judge` as its user meets it, over small corpora."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from agent.protocols.judging import field_of
from environments.clips import feed_fingerprint
from environments.corpus.pool import Pool, write_pool
from environments.corpus.pool_feed import load as load_pool
from environments.corpus.store import Corpus
from evals.labels.__main__ import main
from evals.labels.batches import Ledger, Request
from evals.labels.corpus_loadings import loadings_of
from evals.labels.evidence import NOT_THERE
from evals.labels.filing import file_codes
from evals.labels.judges import Judge
from evals.labels.settings import settings_of, told_apart
from personas.schwartz import VALUES
from tests.agent.models.provider_server import ProviderServer, ok, refusal, slow
from tests.evals.labels.small_corpus import design, make_corpus
from tests.ready import begin

PERFECT = "noisy-judge/sensitivity=1:specificity=1:degree=1"


def judge(corpus: Path, *arguments: str) -> int:
    return main(["judge", str(corpus), "--quiet", *arguments])


def answer(**codes: int) -> dict[str, dict[str, object]]:
    return {field_of(value): {"evidence": "clip" if codes.get(value) else "", "code": codes.get(value, 0)} for value in VALUES}


def test_labels_become_loadings(tmp_path, capsys):
    """Three judges in two steps: codes with evidence, loadings with their SD and source, the design's labels kept and put back."""
    make_corpus(tmp_path / "c", 24)
    three = f"{PERFECT},noisy-judge/sensitivity=0.8,noisy-judge/sensitivity=0.6:invented=0.5"
    assert judge(tmp_path / "c", "--judges", three, "--two-step", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["videos"] == 24
    corpus = Corpus.open(str(tmp_path / "c"))
    codes = corpus.codes()
    mine = codes.filter(codes["kind"] == "judge")
    assert mine.height == 24 * 3 * 2 * 10
    assert set(mine["rater"].unique()) == {f"{name}+script" for name in three.split(",")}
    perfect = mine.filter(mine["rater"] == f"{PERFECT}+script")
    for video, value, code in perfect.select("video", "value", "code").iter_rows():
        assert code == 2 * design(int(video[1:]))[value]
    marked = mine.filter(mine["evidence"].str.starts_with(NOT_THERE))
    assert marked.height and set(marked["rater"]) == {"noisy-judge/sensitivity=0.6:invented=0.5+script"}
    table = corpus.table(["id", "HE", "HE_sd", "labels_source"])
    assert set(table["labels_source"]) == {f"judges: {', '.join(sorted(f'{name}+script' for name in three.split(',')))}"}
    mean = mine.filter((mine["video"] == "v002") & (mine["value"] == "HE"))["code"].mean() / 2
    assert table.filter(table["id"] == "v002")["HE"][0] == pytest.approx(mean, abs=1e-6)
    assert loadings_of(corpus).sd is not None
    assert main(["loadings", str(tmp_path / "c"), "--source", "design"]) == 0
    assert corpus.table(["HE"], where="id = 'v002'")["HE"][0] == design(2)["HE"]


def test_what_is_there_is_not_asked_again(tmp_path, capsys):
    """The same command asks nobody; another judge is added to the first; more videos are asked about alone."""
    make_corpus(tmp_path / "c", 12)
    assert judge(tmp_path / "c", "--judges", PERFECT, "--limit", "6") == 0
    corpus = Corpus.open(str(tmp_path / "c"))
    first = corpus.codes()
    assert first.filter(first["kind"] == "judge")["video"].n_unique() == 6
    assert corpus.table(["id"], where="labels_source = 'design'").height == 6
    assert judge(tmp_path / "c", "--judges", PERFECT, "--limit", "6") == 0
    assert "nobody is asked" in capsys.readouterr().err
    assert corpus.codes().equals(first)
    assert judge(tmp_path / "c", "--judges", PERFECT, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["questions"] == 12
    assert judge(tmp_path / "c", "--judges", "noisy-judge/sensitivity=0.5", "--limit", "6") == 2
    assert "--source design" in capsys.readouterr().err
    assert main(["loadings", str(tmp_path / "c"), "--source", "design"]) == 0
    assert judge(tmp_path / "c", "--judges", "noisy-judge/sensitivity=0.5") == 0
    codes = corpus.codes()
    by = codes.filter(codes["kind"] == "judge").select("video", "rater").unique()
    assert Counter(by["rater"]) == {PERFECT: 6, "noisy-judge/sensitivity=0.5": 12}
    source = dict(corpus.table(["id", "labels_source"]).iter_rows())
    assert Counter(source.values())[""] == 6  # two judges are wanted, and one has spoken


def test_failures_are_counted_and_never_filled_in(tmp_path, capsys):
    """Who refuses gives no label: the others carry the loading, their number told; with too few there is none; --again asks anew."""
    make_corpus(tmp_path / "c", 12, labelled=False)
    with ProviderServer(refusal()) as bad, ProviderServer(ok(answer(HE=2))) as good:
        judges = f"compatible/bad@{bad.url('chat')},compatible/good@{good.url('chat')}"
        assert judge(tmp_path / "c", "--judges", judges, "--orders", "1") == 0
        told = capsys.readouterr().out
        assert "12 have labels of fewer than 1" not in told
        assert "no loadings" in told or "12 of 12" in told
        corpus = Corpus.open(str(tmp_path / "c"))
        assert set(corpus.table(["labels_source"])["labels_source"]) == {"judges: compatible/good"}
        assert len(bad.requests) == len(good.requests) == 12
        assert judge(tmp_path / "c", "--judges", judges, "--orders", "1", "--least", "2") == 0
        assert "12 have labels of fewer than 2" in capsys.readouterr().out
        assert corpus.table(["HE"])["HE"].null_count() == 12
        assert len(bad.requests) == 12
        assert judge(tmp_path / "c", "--judges", judges, "--orders", "1", "--again") == 0
        assert len(bad.requests) == 24 and len(good.requests) == 12


def test_videos_without_pictures_are_labelled_by_their_words(tmp_path):
    """A corpus of words alone is labelled too, and a judge sees no picture."""
    make_corpus(tmp_path / "c", 6, labelled=False, pictures=False)
    with ProviderServer(ok(answer(BE=1))) as server:
        assert judge(tmp_path / "c", "--judges", f"compatible/x@{server.url('chat')}", "--orders", "1") == 0
        body = json.dumps(server.requests[0].body)
    assert "image" not in body and "no pictures" in body and "clip number" in body
    assert Corpus.open(str(tmp_path / "c")).table(["BE"])["BE"].to_list() == [0.5] * 6


def test_killed_and_run_again_pays_nothing_twice(tmp_path):
    """kill -9 in the middle: the same command completes, no question that was answered is asked again, no label stands twice."""
    make_corpus(tmp_path / "c", 20, labelled=False)
    with ProviderServer(slow(0.08, ok(answer(HE=1)))) as server:
        command = [sys.executable, "-m", "evals.labels", "judge", str(tmp_path / "c"), "--quiet", "--concurrency", "2"]
        command += ["--judges", f"compatible/x@{server.url('chat')}", "--workers", "1"]
        process = begin(command, tmp_path / "stderr")
        try:
            until = time.monotonic() + 60
            while len(server.requests) < 10 and time.monotonic() < until and process.exitcode is None:
                time.sleep(0.02)
            assert process.exitcode is None and len(server.requests) >= 10, "it should have been killed in the middle"
        finally:
            process.kill()
            process.join()
        before = len(server.requests)
        assert main(command[3:]) == 0
        assert before < 40
        assert len(server.requests) <= 40 + 2  # two were under way
    codes = Corpus.open(str(tmp_path / "c")).codes()
    assert codes.height == 20 * 2 * 10
    assert not codes.select("video", "rater", "cell", "value").is_duplicated().any()


def test_stopped_by_a_limit_keeps_what_came(tmp_path, capsys):
    """Exit code 3; the codes are kept and no loading is set yet; the same command without the limit adds the rest, each once."""
    make_corpus(tmp_path / "c", 16, labelled=False)
    with ProviderServer(ok(answer(HE=1))) as server:
        arguments = ["--judges", f"compatible/x@{server.url('chat')}", "--orders", "1"]
        assert judge(tmp_path / "c", *arguments, "--max-requests", "7", "--concurrency", "1") == 3
        assert "the same command goes on" in capsys.readouterr().err
        corpus = Corpus.open(str(tmp_path / "c"))
        there = corpus.codes().height
        assert 0 < there < 16 * 10
        assert set(corpus.table(["labels_source"])["labels_source"]) == {""}
        assert main(["loadings", str(tmp_path / "c")]) == 0
        assert corpus.table(["HE"])["HE"].drop_nulls().len() == there // 10
        assert judge(tmp_path / "c", *arguments) == 0
        assert len(server.requests) == 16
    codes = corpus.codes()
    assert codes.height == 16 * 10
    assert not codes.select("video", "value").is_duplicated().any()
    assert corpus.table(["HE"])["HE"].to_list() == [0.5] * 16


def test_a_changed_corpus_does_not_stop_it(tmp_path, capsys):
    """Where videos change half-way, what was labelled is kept, the batch is closed, and the same command asks for the rest."""
    make_corpus(tmp_path / "c", 16, labelled=False)
    corpus = Corpus.open(str(tmp_path / "c"))
    with ProviderServer(ok(answer(HE=1))) as server:
        arguments = ["--judges", f"compatible/x@{server.url('chat')}", "--orders", "1"]
        assert judge(tmp_path / "c", *arguments, "--max-requests", "5", "--concurrency", "1") == 3
        corpus.update(corpus.table(["id"]).with_columns(caption=pl.lit("corrected")))
        assert judge(tmp_path / "c", *arguments, "--dry-run") == 0
        capsys.readouterr()
        assert judge(tmp_path / "c", *arguments) == 1
        told = capsys.readouterr().err
        assert "the corpus has changed since 1 session began" in told and "new batch" in told
        there = corpus.codes().height
        assert 5 * 10 <= there < 16 * 10
        assert judge(tmp_path / "c", *arguments) == 0
        assert len(server.requests) == 16
        assert judge(tmp_path / "c", *arguments) == 0
        assert "every label that was asked for is there" in capsys.readouterr().err
    codes = corpus.codes()
    assert codes.height == 16 * 10 and codes.select("video", "value").n_unique() == 16 * 10
    states = {(batch.complete, batch.closed) for batch in Ledger(tmp_path / "c" / "labels").batches()}
    assert states == {(True, False), (False, True)}


def test_near_duplicates_elsewhere_leave_what_judges_see(tmp_path):
    """A pool without labels is the same feed whatever becomes a near-duplicate of its videos; one with labels tells its clusters."""
    corpus = make_corpus(tmp_path / "c", 4)
    bare = Pool("c", {"videos": ("v000", "v001")}, labels="none")
    places = [str(tmp_path / f"{name}.toml") for name in ("bare", "labelled")]
    for place, pool in zip(places, (bare, replace(bare, labels="corpus")), strict=True):
        write_pool(pool, Path(place))
    before = [feed_fingerprint(load_pool(place, tmp_path).items) for place in places]
    corpus.set_near_duplicates({"v000": "v000", "v003": "v000"})
    after = [feed_fingerprint(load_pool(place, tmp_path).items) for place in places]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]


def test_an_unfinished_batch_of_another_command_is_named(tmp_path, capsys):
    """Labels that wait in it are not said to be there: exit code 1, and the batch's name."""
    make_corpus(tmp_path / "c", 12, labelled=False)
    with ProviderServer(ok(answer(HE=1))) as server:
        arguments = ["--judges", f"compatible/x@{server.url('chat')}", "--orders", "1"]
        assert judge(tmp_path / "c", *arguments, "--max-requests", "3", "--concurrency", "1") == 3
        capsys.readouterr()
        assert judge(tmp_path / "c", *arguments, "--again") == 1
    (batch,) = Ledger(tmp_path / "c" / "labels").batches()
    told = capsys.readouterr().err
    assert f"9 judgements wait in the unfinished batch {batch.name}" in told and "is there" not in told


def test_two_commands_at_once_pay_once(tmp_path):
    """Of two that want the same labels one asks for them: no question is asked twice."""
    make_corpus(tmp_path / "c", 21, labelled=False)
    with ProviderServer(slow(0.05, ok(answer(HE=1)))) as server:
        command = [sys.executable, "-m", "evals.labels", "judge", str(tmp_path / "c"), "--quiet", "--orders", "1", "--workers", "1"]
        command += ["--judges", f"compatible/x@{server.url('chat')}", "--limit"]
        both = [begin([*command, count], tmp_path / f"stderr-{count}") for count in ("20", "21")]
        for process in both:
            process.join(60)
            assert process.exitcode is not None
        assert len(server.requests) in {20, 21}


def test_labels_are_taken_in_once_by_two_at_once(tmp_path):
    """Two that read the same sessions together add each label once."""
    make_corpus(tmp_path / "c", 40)
    assert judge(tmp_path / "c", "--judges", PERFECT, "--orders", "1") == 0
    corpora = [Corpus.open(str(tmp_path / "c")) for _ in range(2)]
    there = corpora[0].codes().filter(pl.col("kind") == "judge")
    corpora[0].replace_codes(there.clear(), "kind = 'judge'")
    sessions = sorted({name.partition("/")[2] for name in there["session"]})
    folder = tmp_path / "c" / "labels" / there["session"][0].partition("/")[0]
    together = Barrier(2)

    def take_in(corpus: Corpus) -> int:
        together.wait()
        return file_codes(corpus, folder, sessions).new

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take_in, corpora)) == [0, 40]
    assert corpora[0].codes().filter(pl.col("kind") == "judge").equals(there)


def test_labels_made_otherwise_are_told_and_asked_anew(tmp_path, capsys):
    """Other model options or another URL: a line says how they were made, nobody is asked; --anew asks and replaces them, once."""
    make_corpus(tmp_path / "c", 6, labelled=False)
    corpus = Corpus.open(str(tmp_path / "c"))
    with ProviderServer(ok(answer(HE=1))) as old, ProviderServer(ok(answer(HE=2))) as new:
        before = ["--judges", f"compatible/x@{old.url('chat')}", "--orders", "1", "--model-option", "temperature=0"]
        assert judge(tmp_path / "c", *before) == 0
        capsys.readouterr()
        urls = f"the URL {old.url('chat')}, and now it would be the URL {new.url('chat')}: they"
        for after, differs in (
            ([*before[:-1], "temperature=1"], "--model-option temperature=0, and now it would be --model-option temperature=1: they"),
            (before[:-2], "--model-option temperature=0, and now it would be no --model-option temperature: they"),
            (["--judges", f"compatible/x@{new.url('chat')}", *before[2:]], urls),
        ):
            assert judge(tmp_path / "c", *after) == 0
            told = capsys.readouterr().err
            assert f"6 labels of compatible/x were made with {differs} are kept" in told
            assert "--anew" in told and "is there" not in told
        assert (len(old.requests), len(new.requests)) == (6, 0)
        assert set(corpus.codes().filter(pl.col("value") == "HE")["code"]) == {1.0}
        for _ in range(2):
            assert judge(tmp_path / "c", *after, "--anew") == 0
        assert (len(old.requests), len(new.requests)) == (6, 6)
        assert set(corpus.codes().filter(pl.col("value") == "HE")["code"]) == {2.0}
        assert corpus.codes().height == 6 * 10
        capsys.readouterr()
        assert judge(tmp_path / "c", *after) == 0
        assert "every label that was asked for is there" in capsys.readouterr().err


def test_pictures_that_are_not_there_make_no_difference():
    """Labels differ by the pictures that were shown, not by how many were allowed; secrets among the options are not told."""
    one = Judge("compatible/x", "http://me:pass@127.0.0.1:1/v1/")
    few, many = (Request((one,), frames=count, model_options={"api_key": "hidden"}) for count in (2, 8))
    assert settings_of(one, few, 2) == settings_of(one, many, 2)
    assert settings_of(one, few, 4) != settings_of(one, many, 4)
    assert str(settings_of(one, few, 4)) == "--frames 2, --model-option api_key=…, at http://…@127.0.0.1:1/v1"
    other = Request((one,), frames=2, model_options={"api_key": "another"})
    assert told_apart(settings_of(one, few, 4), settings_of(one, many, 4)) == ("--frames 2", "--frames 4")
    assert told_apart(settings_of(one, few, 4), settings_of(one, other, 4)) == ("another --model-option api_key", "the one of now")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--judges", "nobody/x"], "unknown model provider"),
        (["--judges", ","], "name at least one judge"),
        (["--judges", f"{PERFECT},{PERFECT}"], "named twice"),
        (["--judges", PERFECT, "--orders", "13"], "--orders"),
        (["--judges", PERFECT, "--where", "no such column ="], "filter"),
        (["--judges", PERFECT, "--where", "platform = 'nowhere'"], "nothing is to be labelled"),
        (["--judges", PERFECT, "--model-option", "temperature"], "KEY=VALUE"),
        (["--judges", PERFECT, "--model-option", "a=1", "--model-option", "a=2"], "a is given twice"),
        (["--judges", f"{PERFECT},noisy-judge/sensitivty=0.8"], "sensitivty"),
        (["--judges", PERFECT, "--model-option", "temperature=0", "--dry-run"], "the parameters are sensitivity"),
        (["--judges", PERFECT, "--limit", "0"], "--limit"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, arguments, said):
    """Exit code 2, and nothing is written."""
    make_corpus(tmp_path / "c", 3)
    assert judge(tmp_path / "c", *arguments) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert not (tmp_path / "c" / "labels").exists()


def test_a_judge_that_cannot_be_made_leaves_no_batch(tmp_path, capsys):
    """A misspelt option of any judge is told before the batch is kept: the command put right begins anew and asks for all."""
    make_corpus(tmp_path / "c", 3, labelled=False)
    with ProviderServer(ok(answer(HE=1))) as server:
        judges = ("--judges", f"compatible/x@{server.url('chat')}", "--orders", "1", "--json")
        assert judge(tmp_path / "c", *judges, "--model-option", "temprature=0") == 2
        assert "temprature" in capsys.readouterr().err
        assert not list((tmp_path / "c" / "labels").glob("*/*"))
        assert judge(tmp_path / "c", *judges, "--model-option", "temperature=0") == 0
        assert len(server.requests) == 3


def test_a_folder_that_holds_something_else_says_what_to_do(tmp_path, capsys):
    """The advice fits the command: another --runs, and no option that it does not have."""
    make_corpus(tmp_path / "c", 3)
    assert judge(tmp_path / "c", "--judges", PERFECT, "--max-requests", "1", "--concurrency", "1") == 3
    (plan,) = (tmp_path / "c" / "labels").glob("*/experiment.json")
    plan.write_text("{}")
    capsys.readouterr()
    assert judge(tmp_path / "c", "--judges", PERFECT) == 2
    told = capsys.readouterr().err
    assert "choose another --runs" in told and "--new" not in told and "--name" not in told


def test_no_corpus_is_one_line(tmp_path, capsys):
    """A folder that holds no corpus says how one is made; a sub-command that is none, which there are."""
    assert judge(tmp_path / "none", "--judges", PERFECT) == 2
    assert "is no corpus" in capsys.readouterr().err
    assert main(["jugde", "x"]) == 2
    assert "did you mean judge" in capsys.readouterr().err


def test_dry_run_tells_what_it_takes(tmp_path, capsys):
    """Calls, tokens, dollars and families are printed; nothing is written."""
    make_corpus(tmp_path / "c", 5)
    assert (
        judge(
            tmp_path / "c", "--judges", "openai/gpt-6.2-sol,anthropic/claude-sonnet-5-5,anthropic/claude-opus-5", "--two-step", "--dry-run"
        )
        == 0
    )
    told = capsys.readouterr().out
    assert "30 judgements of ten values, in two steps, in 2 prompt cells" in told
    assert "gpt; claude (2)" in told and "2 families" in told
    assert "USD" in told
    assert not (tmp_path / "c" / "labels").exists()


def test_help_needs_nothing_installed():
    """The help of the command loads neither Polars nor LanceDB."""
    code = "import sys; from evals.labels.__main__ import main\ntry:\n main(['--help'])\nexcept SystemExit: pass\n"
    code += "bad = {'polars', 'lancedb', 'numpy', 'pydantic', 'rich'} & set(sys.modules); sys.exit(', '.join(bad) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
