"""A user's persona file: what is enough, and what each fault is told."""

from __future__ import annotations

import os
import pickle
import re
import time
from pathlib import Path

import pytest

from personas import load_persona
from personas.errors import PersonaError
from personas.persona import MAX_BYTES, persona_names
from personas.schwartz import VALUES


def write(folder: Path, content: str | bytes, name: str = "me.toml") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def fault(path: str) -> str:
    """The message, which is one printable line."""
    with pytest.raises(PersonaError) as caught:
        load_persona(path)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 1000
    return message


def test_one_line_is_a_persona(tmp_path: Path) -> None:
    """A file with `text` alone is a persona of kind own, named after the file, that aims at nothing."""
    persona = load_persona(write(tmp_path, 'text = "You are a night owl."', "My Owl_2.toml"))
    assert (persona.name, persona.kind, persona.text(0)) == ("my-owl-2", "own", "You are a night owl.")
    assert persona.target == dict.fromkeys(VALUES, 0.0)
    assert persona.summary


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Every key of the schema reaches the persona, whole numbers become floats, and the target is complete in circular order."""
    persona = load_persona(
        write(
            tmp_path,
            """
            name = "owl"
            kind = "trait-list"
            summary = "up late"
            traits = ["I sleep at noon.", "I love the moon."]
            [target]
            UN = -0.25
            HE = 1
            [[texts]]
            id = "own-words"
            form = "traits"
            [[texts]]
            form = "biography"
            text = '''You are Ola, 20.
            You are up.'''
            """,
        )
    )
    assert (persona.name, persona.kind, persona.summary) == ("owl", "trait-list", "up late")
    assert list(persona.target.items()) == [(code, {"UN": -0.25, "HE": 1.0}.get(code, 0.0)) for code in VALUES]
    assert all(type(weight) is float for weight in persona.target.values())
    assert [(wording.id, wording.form) for wording in persona.texts] == [("own-words", "traits"), ("text-2", "biography")]
    assert "I sleep at noon. I love the moon." in persona.text(0)
    assert pickle.loads(pickle.dumps(persona)) == persona


def test_traits_alone_are_enough(tmp_path: Path) -> None:
    """A file with `traits` and no text is given one text that says them."""
    persona = load_persona(write(tmp_path, 'traits = ["I sleep at noon."]'))
    assert [wording.form for wording in persona.texts] == ["traits"]
    assert persona.text(0).endswith("I sleep at noon.")


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    """What an editor on Windows writes is read like any other file."""
    assert load_persona(write(tmp_path, b'\xef\xbb\xbfname = "owl"\r\ntext = "You are an owl."\r\n')).name == "owl"


def test_languages_that_need_joiners_are_fine(tmp_path: Path) -> None:
    """Zero-width joiners and direction marks, which some scripts need, are not refused."""
    assert "\u200c" in load_persona(write(tmp_path, 'text = "شما می\u200cخوانید"')).text(0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", 'texts: needs at least 1 text; add text = "You are …"'),
        ("texts = []", "texts: needs at least 1 text"),
        ('txt = "a"', "txt: unknown key; did you mean text? Use name, kind"),
        ('colour = "a"', "colour: unknown key; use name, kind"),
        ("text = 3", "text: must be text in quotes"),
        ('text = "  "', "text: is empty; write a sentence"),
        ('text = "a"\n[[texts]]\ntext = "b"', "text: give either text or [[texts]], not both"),
        ('text = "a"\nkind = "hero"', "kind: must be one of default, control, high, low, higher-order, trait-list, profile, own"),
        ('text = "a"\nname = "Night Owl"', "name: must be lower-case letters, digits and single hyphens"),
        ('text = "a"\nname = 3', "name: must be text in quotes"),
        ('text = "a"\nsummary = "a\\nb"', "summary: must be one line of at most 160 characters"),
        ('text = "a"\n[target]\nHEX = 1', "target.HEX: unknown value code; use one of SD ST HE AC PO SE CO TR BE UN"),
        ('text = "a"\n[target]\nhe = 1', "target.he: unknown value code; did you mean HE? Use one of"),
        ('text = "a"\n[target]\nHedonism = 1', "target.Hedonism: unknown value code; did you mean HE? Use one of"),
        ('text = "a"\n[target]\nHE = 1.5', "target.HE: must be a number from -1 to 1"),
        ('text = "a"\n[target]\nHE = -2', "target.HE: must be a number from -1 to 1"),
        ('text = "a"\n[target]\nHE = nan', "target.HE: must be a number from -1 to 1"),
        ('text = "a"\n[target]\nHE = -inf', "target.HE: must be a number from -1 to 1"),
        ('text = "a"\n[target]\nHE = "1"', "target.HE: must be a number from -1 to 1 without quotes"),
        ('text = "a"\n[target]\nHE = true', "target.HE: must be a number from -1 to 1"),
        ('text = "a"\n[target]\nHE = 2\nST = 3\nSD = 4', "target.HE: must be a number from -1 to 1 without quotes, such as 0.5 (and 2"),
        ('text = "a"\ntarget = 3', "target: must be a table of value codes: [target]"),
        ("texts = 3", "texts: must be a list of tables: [[texts]]"),
        ('texts = ["a"]', "texts[0]: must be a list of tables: [[texts]]"),
        ('[texts]\ntext = "a"', "texts: must be a list of tables: [[texts]]"),
        ('[[texts]]\ntext = "a"\n[[texts]]\nid = "b"', "texts[1].text: is missing; add text"),
        ('[[texts]]\nform = "traits"', "texts[0].text: is missing"),
        ('[[texts]]\ntext = "a"\nform = "poem"', "texts[0].form: must be one of description, biography, traits"),
        ('[[texts]]\ntext = "a"\nfrom = "x"', "texts[0].from: unknown key; did you mean form? Use id, form, text"),
        ('[[texts]]\nid = "a"\ntext = "a"\n[[texts]]\nid = "a"\ntext = "b"', 'texts[1].id: "a" is used twice'),
        ("traits = 3", "traits: must be a list of sentences"),
        ("traits = [3]", "traits[0]: must be text in quotes"),
        ('traits = [" "]', "traits[0]: is empty"),
        ('text = "a\\u0000b"', "text: has the invisible or control character U+0000; remove it"),
        ('text = "a\\u001b[2J"', "text: has the invisible or control character U+001B"),
        ('text = "a\\u202eb"', "text: has the invisible or control character U+202E"),
        ('text = "a\\U000E0041b"', "text: has the invisible or control character U+E0041"),
        ('traits = ["a\\u0007"]', "traits[0]: has the invisible or control character U+0007"),
        ('"a\\nb\\u001b" = 1\ntext = "a"', "a\\u000ab\\u001b: unknown key"),
        (f'text = "{"a" * 8001}"', "text: has 8001 characters; use at most 8000"),
        ('text = "a\ntext', "is not valid TOML: Illegal character '\\n' (at line 1, column 10)"),
        ("name = \"owl\"\ntext = You are", "is not valid TOML: Invalid value (at line 2, column 8); texts go in quotes"),
        ('text = "a"\ntext = "b"\n', "is not valid TOML: Cannot overwrite a value (at line 2"),
        ("a = " + "[" * 5000, "is not valid TOML: a value is too long or nested too deep"),
        ("a = " + "9" * 5000, "is not valid TOML: a value is too long or nested too deep"),
        ('name = "owl"\n' + "a." * 30000 + "a = 1", "line 2: has more than 500 dots"),
    ],
)  # fmt: skip
def test_a_fault_names_the_file_the_key_and_the_fix(tmp_path: Path, content: str, expected: str) -> None:
    """Each fault in a file is told in one printable line that starts with the file and the key, within a second."""
    path = write(tmp_path, content)
    started = time.perf_counter()
    assert fault(path).startswith(f"{path}: {expected}")
    assert time.perf_counter() - started < 1


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is told with the line, and not guessed at."""
    assert "line 2: is not UTF-8 text; save the file as UTF-8" in fault(write(tmp_path, b'name = "owl"\ntext = "caf\xe9"'))
    assert "is not UTF-8 text" in fault(write(tmp_path, 'text = "a"'.encode("utf-16")))


def test_what_is_no_file(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe, a path with a null byte and an unreadable name each get their own line, at once."""
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    assert "there is no such file" in fault(str(tmp_path / "none.toml"))
    assert "there is no such file" in fault("nowhere/at/all")
    assert "is a folder" in fault(str(tmp_path) + "/")
    assert "is not a regular file" in fault(str(pipe))
    assert "is not a path" in fault("a\0b.toml")
    assert "cannot be read" in fault("a" * 5000 + ".toml")
    assert "cannot be read" in fault(write(tmp_path, "") + "/me.toml")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A file above the limit is refused without being read whole; one at the limit is read."""
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)  # sparse: ten gigabytes that take no room
    assert "is larger than 64 KB" in fault(str(path))
    content = b'text = "You are an owl."\n'
    assert load_persona(write(tmp_path, content + b"#" * (MAX_BYTES - len(content)))).text(0) == "You are an owl."
    assert "is larger than 64 KB" in fault(write(tmp_path, content + b"#" * (MAX_BYTES - len(content) + 1)))


def test_a_file_may_not_pass_for_a_library_persona(tmp_path: Path) -> None:
    """An own file with a library name is refused, unless it is that very persona."""
    assert 'name: "hedonist" is a persona of the library; set name' in fault(write(tmp_path, 'text = "a"', "hedonist.toml"))
    real = (Path(__file__).parents[2] / "personas/library/hedonist.toml").read_bytes()
    assert load_persona(write(tmp_path, real, "copy.toml")) == load_persona("hedonist")


@pytest.mark.parametrize("name", ["hedonits", "Hedonist", " hedonist", "HEDONIST"])
def test_an_unknown_name_gets_the_nearest_one_and_where_all_are(name: str) -> None:
    """A misspelt name is answered with the nearest one and the command that lists them, and not with a line of all names."""
    assert fault(name) == (
        f'there is no persona "{name}"; did you mean hedonist? '
        "See the names with `python -m personas list`, or give the path of a .toml file"
    )


@pytest.mark.parametrize("name", ["", "..", "zzzz\n\x1b[2J", "a" * 10_000, "\udcff"])
def test_a_hostile_name_is_only_ever_compared(name: str) -> None:
    """A strange name is told in one short line that can be printed, and never becomes a path."""
    message = fault(name)
    assert message.endswith("; see the names with `python -m personas list`, or give the path of a .toml file")
    assert message.startswith("there is no persona " if name else "the name of the persona is empty")
    assert len(message) < 200
    message.encode()


def test_the_command_that_a_message_names_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m personas list`, to which an unknown name leads, shows every name of the library."""
    from personas.__main__ import main

    assert main(["list"]) == 0
    shown = capsys.readouterr().out.split()
    assert not set(persona_names()) - set(shown)


def test_the_examples_in_the_documentation_are_valid(tmp_path: Path) -> None:
    """Each TOML example of docs/personas.md loads, and its error line is the one that is given."""
    page = (Path(__file__).parents[2] / "docs/personas.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.+?)```", page, re.S)
    loaded = [load_persona(write(tmp_path, example)) for example in examples]
    assert [(persona.name, len(persona.texts)) for persona in loaded] == [("me", 1), ("night-owl", 2)]
    assert loaded[1].target["UN"] == 0.5
    path = write(tmp_path, 'text = "a"\n[target]\nHEX = 1')
    assert "    error: me.toml:" + fault(path).removeprefix(f"{path}:") in page
