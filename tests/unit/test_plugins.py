"""Finding connectors on the path of modules; the broken ones are covered with the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crmsync import plugins
from crmsync.errors import BrokenConnector, UnknownConnector


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of modules."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def installed(site: Path, name: str, value: str, *, spec: bool = True) -> None:
    package = site / name
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    if spec:
        (package / "spec.yaml").write_text(f"name: {name}")
    info = site / f"{name}-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(f"[crmsync]\n{name} = {value}\n")


def test_a_connector_is_found_without_importing_it(site):
    """Metadata and the package's folder say everything."""
    installed(site, "acme_crm", "acme_crm")

    found = plugins.connector("acme_crm")

    assert (found.distribution, found.version, found.fault) == ("acme_crm", "2.5", "")
    assert found.spec_file == site / "acme_crm" / "spec.yaml"
    assert "acme_crm" not in sys.modules


@pytest.mark.parametrize("value", ["acme_crm.sub", "acme_crm:thing", "../x"])
def test_an_entry_point_names_a_package(site, value):
    """A module inside would have to be imported to be found."""
    installed(site, "acme_crm", value)

    with pytest.raises(BrokenConnector, match="must name a package"):
        plugins.connector("acme_crm")


def test_an_unknown_connector_is_told_with_the_nearest(site):
    """Broken ones are no answer."""
    installed(site, "hubspot_old", "hubspot_old", spec=False)

    with pytest.raises(UnknownConnector) as error:
        plugins.connector("hubspt")

    told = error.value.message
    assert told.startswith("There is no connector 'hubspt'. Did you mean hubspot? Installed: hubspot, ")
    assert "hubspot_old" not in told
