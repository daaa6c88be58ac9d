"""How the repository is laid out: who may know what, how large things are, what must not stand anywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import ROOT, tracked
from crmsync import plugins

CORE = sorted((ROOT / "core").rglob("*.py"))
SOURCES = [*CORE, *sorted(ROOT.glob("connectors/*/crmsync_*/**/*.py"))]
PROVIDERS = {"hubspot", "zoho", "odoo", "salesforce", "pipedrive"} | {c.name for c in plugins.connectors()}
LINES_MAX, FUNCTION_MAX, TEST_MAX = 400, 50, 25
REASON = re.compile(r"\blong because\b", re.IGNORECASE)
TEXTS = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".txt", ".cfg", ".sh", ""}


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its signature and docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_the_core_names_no_provider() -> None:
    """What one CRM needs stands in its connector, or as a word of the language that others may use too."""
    files = [file for folder in ("core/crmsync", "specs") for file in (ROOT / folder).rglob("*") if file.is_file()]
    named = re.compile("|".join(sorted(PROVIDERS)), re.IGNORECASE)
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.suffix in TEXTS}
    assert [f"{relative(file)}: {found[0]}" for file, text in texts.items() if (found := named.search(text))] == []


def test_the_core_imports_no_connector() -> None:
    """Connectors are found by their metadata, and imported by the plug-in loader only."""
    packages = {c.package for c in plugins.connectors()}
    assert packages
    imported = [
        f"{relative(file)}: {name}"
        for file in CORE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if name.partition(".")[0] in packages
    ]
    assert imported == []


def test_connectors_import_only_what_is_public() -> None:
    """The sandbox kit, the clock and the errors are what a connector may build on."""
    allowed = re.compile(r"crmsync\.(sandbox|clock|errors|hooks)(\.|$)")
    imported = [
        f"{relative(file)}: {node.module}"
        for file in SOURCES
        if file not in CORE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "crmsync"
        if not allowed.match(node.module or "")
    ]
    assert imported == []


@pytest.mark.parametrize("file", SOURCES, ids=relative)
def test_a_long_file_or_function_gives_its_reason(file: Path) -> None:
    """Above 400 lines the header says why, above 50 the function's docstring; every file begins with a docstring."""
    text = file.read_text(encoding="utf-8")
    header = ast.get_docstring(ast.parse(text))
    assert header or not text.strip(), "no header that tells what the file is for"
    assert len(text.splitlines()) <= LINES_MAX or REASON.search(header or "")
    long = [f for f in functions(file) if length(f) > FUNCTION_MAX]
    assert [f.name for f in long if not REASON.search(ast.get_docstring(f) or "")] == []


def test_every_test_has_a_promise_and_is_short() -> None:
    """A docstring that says what must hold, and a name that begins a sentence."""
    files = [ROOT / path for path in tracked() if path.name.startswith("test_") and path.suffix == ".py"]
    tests = [(file, f) for file in files for f in functions(file) if f.name.startswith("test_")]
    assert [f"{relative(file)}::{f.name}" for file, f in tests if not ast.get_docstring(f)] == []
    assert [f"{relative(file)}::{f.name}" for file, f in tests if length(f) > TEST_MAX] == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    """Paths of somebody's machine and hosts of package registries are nobody else's business."""
    paths = [f"/{name}/" for name in ("work", "root", "opt", "home", "Users")]
    words = [*paths, *(f"{host}.{end}" for host, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com")))]
    found = [
        f"{path}: {word}"
        for path in tracked()
        if path.suffix in TEXTS and not (ROOT / path).is_symlink()
        for text in [(ROOT / path).read_text(encoding="utf-8", errors="replace")]
        for word in words
        if word in text
    ]
    assert found == []


def test_nothing_large_and_nothing_generated_is_tracked() -> None:
    """No stores, caches, wheels; no file that nobody can review."""
    paths = [path for path in tracked() if not (ROOT / path).is_symlink()]
    assert [str(p) for p in paths if (ROOT / p).stat().st_size > 200_000] == []
    generated = {".duckdb", ".pyc", ".whl", ".gz", ".zip", ".log", ".lock"}
    assert [str(p) for p in paths if p.suffix in generated or "__pycache__" in p.parts] == []
