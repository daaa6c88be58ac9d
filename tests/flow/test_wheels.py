"""The wheels: what is in them, and that they work where nothing else of the repository is."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from checkout import ROOT, environment, lend, pip, run


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of the core and that of each connector, by name of the distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = [ROOT, *(file.parent for file in ROOT.glob("connectors/*/pyproject.toml"))]
    pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, *sources, cwd=folder)
    return {file.name.partition("-")[0]: file for file in folder.glob("*.whl")}


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_core_s_wheel_has_every_module_the_specs_and_the_type_marker(wheels: dict[str, Path]) -> None:
    """`specs` is a link in the repository; in the wheel it is a folder with the files."""
    modules = {str(file.relative_to(ROOT / "core")) for file in (ROOT / "core" / "crmsync").rglob("*.py")}
    files = {"crmsync/py.typed", "crmsync/specs/objects.yaml", "crmsync/specs/crmsync-1.schema.json"}
    assert modules | files <= names(wheels["crmsync"])


def test_the_core_s_wheel_has_nothing_else(wheels: dict[str, Path]) -> None:
    """No test, no connector, no benchmark."""
    assert {name.partition("/")[0].partition("-")[0] for name in names(wheels["crmsync"])} == {"crmsync"}


def test_a_connector_s_wheel_has_its_spec(wheels: dict[str, Path]) -> None:
    """Discovery reads the spec from the installed package."""
    assert {"crmsync_hubspot/spec.yaml", "crmsync_hubspot/simulator/__init__.py"} <= names(wheels["crmsync_hubspot"])


def test_wheels_alone_make_a_working_crmsync(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Discovery, spec, schema and simulator come from the wheels, and records arrive."""
    python = environment(tmp_path / "venv")
    pip("--python", python, "install", "--quiet", "--no-deps", *wheels.values(), cwd=tmp_path)
    lend(tmp_path / "venv")  # for the dependencies; what is installed here comes first

    crmsync = python.with_name("crmsync")
    listed = run(crmsync, "connectors", cwd=tmp_path)
    assert "crmsync-hubspot" in listed.stdout
    assert listed.stdout.rstrip().endswith("ok"), listed.stdout
    done = run(crmsync, "run", "--connector", "hubspot", "--stream", "contact", "--sandbox", "50", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    where = run(
        python, "-c", "import crmsync, crmsync_hubspot; print(crmsync.__file__, crmsync_hubspot.__file__)", cwd=tmp_path
    )
    assert where.stdout.count(str(tmp_path)) == 2
