"""The command line of the personas: `python -m personas list | show NAME | check FILE`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from dataclasses import asdict

from personas.command import CommandParser, complain
from personas.errors import PersonaError
from personas.persona import Persona, load_library, load_persona
from personas.profiles import load_profiles

__all__ = ["main"]

_EXAMPLE = """\
examples:
  python -m personas list
  python -m personas show hedonist
  python -m personas check ./me.toml

A file of your own needs one line, text = "You are ...", and may have a [target] table. docs/personas.md describes it.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; results go to stdout, a fault to stderr in one line. Returns the exit code: 0 done, 2 bad usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            return _list(options.json)
        if options.command == "show":
            return _show(load_persona(options.persona), options.json)
        return _check(options.persona, options.json)
    except PersonaError as error:
        complain(str(error))
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m personas",
        description="Who the model plays: see the library of personas, and check one of your own.",
        epilog=_EXAMPLE,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    table = commands.add_parser("list", help="the personas of the library, one a line")
    show = commands.add_parser("show", help="one persona: its target and all its texts")
    show.add_argument("persona", metavar="NAME|FILE", help="a name from the list, or the path of a .toml file")
    check = commands.add_parser("check", help="say whether a persona file is valid, and if not what to change")
    check.add_argument("persona", metavar="FILE", help="the path of a .toml file, or a name from the list")
    for command in (table, show, check):
        command.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser


def _list(as_json: bool) -> int:
    personas = load_library()
    profiles = load_profiles()
    if as_json:
        print(json.dumps([_brief(persona) for persona in (*personas, *profiles)], ensure_ascii=False))
        return 0
    rows = [("NAME", "KIND", "TARGET", "SUMMARY")]
    rows += [(persona.name, persona.kind, _target(persona), persona.summary) for persona in personas]
    rows.append(
        (f"{profiles[0].name}..{len(profiles)}", "profile", "all values", f"{len(profiles)} full profiles, such as {profiles[6].name}")
    )
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]))
    return 0


def _show(persona: Persona, as_json: bool) -> int:
    if as_json:
        print(json.dumps(asdict(persona), ensure_ascii=False))
        return 0
    print(f"{persona.name} ({persona.kind}): {persona.summary}\ntarget: {_target(persona)}")
    for number, wording in enumerate(persona.texts):
        print(f"\n[{number}] {wording.id}, {wording.form}\n{wording.text or '(no text: nothing is said about who the model plays)'}")
    return 0


def _check(path: str, as_json: bool) -> int:
    try:
        persona = load_persona(path)
    except PersonaError as error:
        if as_json:
            print(json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False))
        raise
    if as_json:
        print(json.dumps({"ok": True, **_brief(persona)}, ensure_ascii=False))
        return 0
    count = len(persona.texts)
    print(f"ok: {persona.name} ({persona.kind}), {count} {'text' if count == 1 else 'texts'}, target: {_target(persona)}")
    return 0


def _brief(persona: Persona) -> dict[str, object]:
    return {
        "name": persona.name,
        "kind": persona.kind,
        "summary": persona.summary,
        "target": dict(persona.target),
        "texts": len(persona.texts),
    }


def _target(persona: Persona) -> str:
    """The target without its zeros: `HE+1 TR-0.5`, or `none`."""
    return " ".join(f"{code}{weight:+g}" for code, weight in persona.target.items() if weight) or "none"


def _run() -> int:
    """`main` on this process's stdout, whatever its encoding, and also when the reader of a pipe has gone."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        return 1
    return code


if __name__ == "__main__":
    sys.exit(_run())
