"""The documents are true: what they name is there, and what is there is named."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
from collections import Counter
from contextlib import suppress
from pathlib import Path

import click
import pytest

from checkout import ROOT, tracked
from crmsync import errors, hooks
from crmsync.cli import cli
from crmsync.config import load_settings, resolve
from crmsync.mapping import compile_read
from crmsync.mapping.transforms import TRANSFORMS
from crmsync.spec.build import build, options
from crmsync.spec.load import load, load_text, objects
from crmsync.spec.model import variable
from crmsync.spec.model_stream import META
from crmsync.store.schema import SYSTEM
from crmsync.store.views import VIEWS
from crmsync.sync.checkpoint import Checkpoint, decode

DOCS = [ROOT / path for path in tracked() if path.suffix == ".md"]
SHELL, ANY_BLOCK = r"^```sh\n(.*?)^```", r"^```.*?^```"
CODE = re.compile(r"\b(?:CS|SP|CF)\d{3}\b")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a document that are written in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)


def error_classes() -> list[type[errors.CrmsyncError]]:
    return [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.CrmsyncError)]


# -- errors ------------------------------------------------------------------------------------------------------------


def test_every_error_has_a_code_of_its_own() -> None:
    """A code names one thing that happened."""
    own = [c for c in error_classes() if "code" in vars(c)]
    assert own == error_classes()
    assert [code for code, times in Counter(c.code for c in own).items() if times > 1] == []


def test_every_code_is_documented_with_its_exit_status_and_no_other_is() -> None:
    """A person who looks a code up finds it."""
    rows = re.findall(r"^\| (CS\d{3}) \| (\d+) \|", text_of("docs/errors.md"), re.MULTILINE)
    told = {code: int(status) for code, status in rows}
    assert len(rows) == len(told)
    assert told == {c.code: c.exit_status for c in error_classes()}


def test_every_code_of_a_mistake_in_a_file_is_documented_and_no_other_is() -> None:
    """The codes that the checks of specs and crmsync.yaml give."""
    sources = " ".join(file.read_text(encoding="utf-8") for file in (ROOT / "core").rglob("*.py"))
    used = {code for code in CODE.findall(sources) if not code.startswith("CS")}
    told = re.findall(r"^\| ((?:SP|CF)\d{3}) \|", text_of("docs/errors.md"), re.MULTILINE)
    assert Counter(told) == Counter(used)


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_document_names_only_codes_that_exist(file: Path) -> None:
    """No text speaks of an error that was renamed away."""
    assert set(CODE.findall(file.read_text(encoding="utf-8"))) <= set(CODE.findall(text_of("docs/errors.md")))


# -- links, tests, words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    """To a file that is there, and to a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), target
        if heading:
            lines = there.read_text(encoding="utf-8").splitlines()
            assert heading in {anchor(line) for line in lines if line.startswith("#")}, target


def anchor(heading: str) -> str:
    """The fragment that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(file: Path) -> None:
    """Named from the root, from the runtime's package, or from the document's own folder."""
    named = re.findall(r"`([\w./-]*/[\w.-]+\.(?:py|yaml|json|md|toml))`", file.read_text(encoding="utf-8"))
    roots = (ROOT, ROOT / "core" / "crmsync", file.parent)
    assert [n for n in named if "acme" not in n and not any((root / n).exists() for root in roots)] == []


def test_every_test_that_a_document_names_exists() -> None:
    """The table of threats is worth what its tests are."""
    sources = [(ROOT / path).read_text(encoding="utf-8") for path in tracked() if path.name.startswith("test_")]
    there = set(re.findall(r"def (test_\w+)", "\n".join(sources)))
    named = {name for file in DOCS for name in re.findall(r"`(test_\w+)`", file.read_text(encoding="utf-8"))}
    assert named - there == set()


def test_every_table_column_and_word_of_the_store_is_documented() -> None:
    """Whoever opens the file with a shell finds the tables explained."""
    store, glossary = text_of("docs/store.md"), text_of("docs/glossary.md")
    assert [t.name for t in (*SYSTEM, *VIEWS) if f"`crmsync.{t.name}`" not in store] == []
    assert [name for name in META if f"`{name}`" not in store] == []
    words = ("window", "position", "checkpoint", "mirror", "sweep", "census", "brake", "tombstone", "fence", "lease")
    assert [word for word in words if f"\n| {word} | " not in glossary] == []


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    """And has each word once."""
    words = re.findall(r"^\| (\w+) \| ", text_of("docs/glossary.md"), re.MULTILINE)[1:]
    assert words == sorted(set(words))


def test_every_public_thing_has_a_docstring() -> None:
    """Modules, and the classes and functions in them that others call."""
    bare = []
    for file in sorted((ROOT / "core").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        bare += [] if ast.get_docstring(tree) else [file.name]
        public = [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        bare += [f"{file.name}: {n.name}" for n in public if n.name[0] != "_" and not ast.get_docstring(n)]
    assert bare == []


# -- the language ------------------------------------------------------------------------------------------------------


def test_every_key_of_the_schema_is_in_the_page_of_the_language() -> None:
    """What a spec may say can be read about."""
    schema = json.loads(text_of("specs/crmsync-1.schema.json"))
    keys = {key for body in (schema, *schema["$defs"].values()) for key in body.get("properties", {})}
    page = text_of("docs/spec-language.md")
    assert [key for key in sorted(keys) if not re.search(rf"`[^`]*\b{key}\b[^`]*`", page)] == []


def test_every_transform_and_hook_is_in_the_page_of_the_language() -> None:
    """The table of transforms is whole, and so is that of the hooks."""
    page = text_of("docs/spec-language.md")
    assert [kind for kind in TRANSFORMS if not re.search(rf"^\|.*`[^`]*\b{kind}\b", page, re.MULTILINE)] == []
    declared = [name for name in vars(hooks) if name.startswith("crmsync_")]
    assert declared
    assert [name for name in declared if f"\n| `{name}(" not in page] == []


def test_the_worked_example_is_a_right_spec() -> None:
    """It passes every check, and its statement can be compiled."""
    example, *_parts = blocks("docs/spec-language.md", "yaml")
    spec = build(load_text(example, "example").tree, objects(), {"zone": "Europe/Berlin"})
    plan = compile_read(spec.streams["contact"], "items")
    assert [c.name for c in plan.columns][:3] == ["name", "email", "company_id"]


def test_the_example_of_a_link_is_right() -> None:
    """Put into the worked example, with the field line that stands before it, it passes every check."""
    example, *_parts, link, _write, _ends = blocks("docs/spec-language.md", "yaml")
    tree = load_text(example.replace("company_id: company.id", linked()) + link, "example").tree
    (built,) = build(tree, objects(), {}).streams["contact"].links
    assert built.request.path == "/links/people/companies/get"


def test_the_examples_of_writing_are_right() -> None:
    """Put into the worked example's stream, with an address that can be written, and below the example of a link."""
    example, *_parts, link, write, ends = blocks("docs/spec-language.md", "yaml")
    for line, other in (("company_id: company.id", linked()), (r"email: \{at: .*\}\}", "email: mail")):
        (found,) = re.findall(rf"^      ({line})$", example, re.MULTILINE)
        example = example.replace(found, other)
    tree = load_text(example + re.sub("^", "    ", write, flags=re.MULTILINE).rstrip(" ") + link + ends, "example").tree
    written = build(tree, objects(), {}).streams["contact"].write
    assert written is not None
    assert written.upsert is not None
    assert written.upsert.request.item == {"+": "$fields", "mail": "$value"}
    assert written.links[0].clear.request.path == "/links/people/$id/companies/$old"


def linked() -> str:
    """The field line of the page's text about links."""
    (line,) = re.findall(r"`(company_id: \{link: .*?)`", text_of("docs/spec-language.md"))
    return str(line)


def test_the_examples_of_ways_to_authenticate_are_right() -> None:
    """Put in place of the worked example's, with the options that they name, they pass every check."""
    example, *ways, _transport, _link, _write, _ends = blocks("docs/spec-language.md", "yaml")
    names = ("client_id", "client_secret", "accounts_url", "user", "password")
    more = "".join(f"  {name}: {{secret: {str(name in ('client_secret', 'password')).lower()}}}\n" for name in names)
    (auth,) = re.findall(r"^auth:\n(?:  .*\n)+", example, re.MULTILINE)
    kinds = []
    for way in ways:
        tree = load_text(example.replace(auth, way).replace("config:\n", f"config:\n{more}"), "example").tree
        kinds += [made.kind for made in build(tree, objects(), {}).auth]
    assert kinds == ["oauth2", "login"]


def test_the_checkpoint_in_the_page_of_the_store_is_one() -> None:
    """And each of its keys is explained."""
    (shown,) = blocks("docs/store.md", "json")
    assert decode(shown).account == "62515"
    page = text_of("docs/store.md")
    assert [key for key in Checkpoint.__struct_fields__ if f"\n| `{key}` | " not in page] == []


def settings_shown() -> list[tuple[str, str]]:
    """Every crmsync.yaml that a README shows, and the README."""
    readmes = [
        "README.md",
        *(f"connectors/{file.parent.name}/README.md" for file in ROOT.glob("connectors/*/README.md")),
    ]
    return [(document, block) for document in sorted(readmes) for block in blocks(document, "yaml")]


@pytest.mark.parametrize(("document", "block"), settings_shown())
def test_a_crmsync_yaml_in_a_document_is_one(document: str, block: str, tmp_path: Path) -> None:
    """Its options are those of the connector, and its streams pass every check and can be compiled."""
    file = tmp_path / "crmsync.yaml"
    file.write_text(block, encoding="utf-8")
    settings = load_settings(file)
    ((name, line),) = settings.connections.items()
    connector = line.get("connector", name)
    spec_file = ROOT / f"connectors/{connector}/crmsync_{connector}/spec.yaml"
    declared = options(load(spec_file).tree)
    needed = [variable(name, option.name) for option in declared.values() if option.required]
    environment = dict.fromkeys([*needed, *re.findall(r"env: (\w+)", block)], "a")
    connection = resolve(settings, connector, name, declared, environment)
    assert set(line.get("options", {})) <= connection.given
    spec = build(load(spec_file, connection.own).tree, objects(), {"timezone": "UTC", **connection.values})
    assert set(line.get("streams", {})) | set(line.get("fields", {})) <= set(spec.streams)
    for stream in spec.streams.values():
        compile_read(stream, stream.full.request.records)


def test_each_option_of_a_connector_is_in_its_readme() -> None:
    """With the variable that sets it, or beside one like it."""
    for spec_file in ROOT.glob("connectors/*/crmsync_*/spec.yaml"):
        rows = re.findall(r"^\| (`.*?) \| `", (spec_file.parents[1] / "README.md").read_text("utf-8"), re.MULTILINE)
        told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert set(options(load(spec_file).tree)) <= told, spec_file


# -- the command line --------------------------------------------------------------------------------------------------


def commands() -> list[tuple[str, str]]:
    """Every `crmsync …` that a document shows, in a block or within a line, and the document."""
    found = []
    for file in DOCS:
        page = file.read_text(encoding="utf-8")
        shown = re.findall(r"^crmsync .*", "".join(re.findall(SHELL, page, re.MULTILINE | re.DOTALL)), re.MULTILINE)
        shown += re.findall(r"`(crmsync [^`\n]+)`", re.sub(ANY_BLOCK, "", page, flags=re.MULTILINE | re.DOTALL))
        found += [(line, str(file.relative_to(ROOT))) for line in shown]
    return found


@pytest.mark.parametrize(("line", "document"), commands())
def test_a_command_in_a_document_can_be_parsed(
    line: str, document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands and options exist, and take what they are given. A line may stop before what is required."""
    monkeypatch.chdir(tmp_path)
    Path("SPEC").touch()
    words, command = shlex.split(line, comments=True)[1:], cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(click.Context(command), words.pop(0))
        assert inner is not None, document
        command = inner
    if words:
        with suppress(click.exceptions.Exit):  # --help
            command.make_context(command.name, words)


def test_the_readme_has_the_commands_that_there_are() -> None:
    """In the order and in the words of --help."""
    shown = re.findall(r"^\| `crmsync (\w+)` \| (.*) \|$", text_of("README.md"), re.MULTILINE)
    with click.Context(cli) as context:
        told = cli.get_help(context).partition("Commands:\n")[2]
    assert shown == [tuple(line.split(maxsplit=1)) for line in told.splitlines()]


def test_the_targets_of_make_that_a_document_names_exist() -> None:
    """And those that exist say in the Makefile what they do."""
    targets = set(re.findall(r"^(\w+):.*## \w", text_of("Makefile"), re.MULTILINE))
    named = {target for file in DOCS for target in re.findall(r"(?:^|`)make (\w+)", text_of(str(file)), re.MULTILINE)}
    assert named
    assert named - targets == set()
