"""The page in one document: its modules as one script and its styles within it, with a policy that lets nothing else run or load.

Modules keep to a plain form, which a test holds: `import { a, b as c } from "./other.js";` and `export` before a declaration, both at the
beginning of a line, and no cycles. Each becomes a function that returns what it exports.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

__all__ = ["bundled", "document"]

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*["\']\./([\w.-]+)["\'];?[ \t]*$', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?function\*?|class|const|let)\s+([A-Za-z_$][\w$]*)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$|\bimport\s*\(|\bimport\.meta\b|</script", re.MULTILINE)
_STYLE = re.compile(r'<link rel="stylesheet" href="assets/([\w.-]+)"\s*/?>')
_SCRIPT = re.compile(r'<script type="module" src="assets/([\w.-]+)"></script>')
_HEAD = re.compile(r"<head[^>]*>")


def bundled(modules: Mapping[str, str], main: str) -> str:
    """One script that does what the module `main` does. Raises ValueError for a module that is not in the plain form."""
    order: list[str] = []
    _visit(main, modules, order, ())
    return '"use strict";\n' + "\n".join(_wrapped(name, modules[name], order) for name in order)


def _visit(name: str, modules: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' → '.join((*above, name))}")
    if name in order:
        return
    if name not in modules:
        raise ValueError(f"there is no module {name}")
    for _, other in _IMPORT.findall(modules[name]):
        _visit(other, modules, order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str, order: list[str]) -> str:
    exported = [found for _, found in _EXPORT.findall(text)]

    def taken(found: re.Match[str]) -> str:
        names = ", ".join(part.strip().replace(" as ", ": ") for part in found[1].split(",") if part.strip())
        return f"const {{ {names} }} = module{order.index(found[2])};"

    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(taken, text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}: {other[0][:80]!r} is not in the plain form that can be put into one file")
    return f"const module{order.index(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def document(assets: Mapping[str, bytes], images: str) -> tuple[str, str]:
    """The page without its data: what comes before the data, and what after. `images`: where pictures may come from.

    Raises ValueError for a page that is not in the plain form.
    """
    texts = {name: data.decode("utf-8") for name, data in assets.items() if name.endswith((".html", ".css", ".js"))}
    page = texts["index.html"]
    hashes: dict[str, list[str]] = {"script": [], "style": []}

    def inline(kind: str, opening: str, content: str) -> str:
        hashes[kind].append(f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'")
        return f"<{opening}>{content}</{kind}>"

    page = _STYLE.sub(lambda found: inline("style", "style", texts[found[1]]), page)
    page = _SCRIPT.sub(lambda found: inline("script", 'script type="module"', bundled(texts, found[1])), page)
    allowed = {kind: " ".join(found) or "'none'" for kind, found in hashes.items()}
    policy = (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']}; img-src {images}; "
        "base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page, inserted = _HEAD.subn(lambda found: found[0] + meta, page, count=1)
    before, body_end, after = page.rpartition("</body>")
    if not inserted or not body_end:
        raise ValueError("index.html needs <head> and </body>")
    return before, body_end + after
