"""crmsync.yaml and the environment -> a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmsync.config import Connection, load_settings, resolve
from crmsync.errors import ConfigError, UnknownConnection
from crmsync.spec.model import Option

OPTIONS = {
    option.name: option
    for option in (
        Option("base_url", default="https://api.example.com"),
        Option("token", "The key", secret=True, required=True),
        Option("burst", type="integer", default=100),
        Option("edition", choice=("free", "paid")),
    )
}


def written(folder: Path, text: str) -> Path:
    path = folder / "crmsync.yaml"
    path.write_text(text)
    return path


def connection(file: Path | None, name: str | None = None, **environment: str) -> Connection:
    return resolve(load_settings(file), "acme", name, OPTIONS, environment)


def revealed(found: Connection) -> dict[str, Any]:
    return {**found.values, "token": found.values["token"].reveal()}


def test_a_connection_needs_no_file():
    """What the spec has no default for comes from the environment; an empty variable is none."""
    found = resolve(load_settings(), "acme", None, OPTIONS, {"ACME_TOKEN": "t", "ACME_BURST": ""})

    assert (found.name, found.operator_url) == ("acme", False)
    assert revealed(found) == {"base_url": "https://api.example.com", "token": "t", "burst": 100}


def test_the_environment_wins_over_the_file(tmp_path):
    """By the name of the connection, not of the connector."""
    file = written(tmp_path, "connections: {eu: {connector: acme, options: {burst: 5, base_url: http://localhost}}}")

    found = connection(file, "eu", EU_TOKEN="t", EU_BURST="7", ACME_BURST="9")

    assert (found.values["burst"], found.values["base_url"], found.operator_url) == (7, "http://localhost", True)


def test_secrets_of_the_file_are_references(tmp_path):
    """`{env: NAME}` and `{file: PATH}`, the latter beside the file that names it."""
    (tmp_path / "key").write_text("from a file\n")
    file = written(
        tmp_path,
        "connections:\n"
        "  one: {connector: acme, options: {token: {env: MY_KEY}}}\n"
        "  two: {connector: acme, options: {token: {file: key}}}\n",
    )

    assert revealed(connection(file, "one", MY_KEY="from there"))["token"] == "from there"
    assert revealed(connection(file, "two"))["token"] == "from a file"


def test_everything_that_is_wrong_with_options_is_told_at_once(tmp_path):
    """With its place where it stands in the file, with its variable where it does not."""
    file = written(
        tmp_path, "connections:\n  acme:\n    options:\n      bust: 5\n      burst: -1\n      edition: gold\n"
    )

    with pytest.raises(ConfigError) as error:
        connection(file)

    assert error.value.message.splitlines() == [
        "ACME_TOKEN is not set: The key",
        f"{file}:5:7: burst must be a whole number, not negative",
        f"{file}:6:7: edition must be one of free, paid",
        f"{file}:4:7: unknown option 'bust'; did you mean 'burst'?",
    ]
    assert "export ACME_TOKEN=" in error.value.hint


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("hunter2hunter2", "is a secret and must not stand in the file"),
        ("{env: NOWHERE}", "refers to NOWHERE, which the environment does not have"),
        ("{file: nowhere}", "nowhere, which cannot be read: No such file"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_with_its_place(tmp_path, value, told):
    """And never repeated."""
    file = written(tmp_path, f"connections:\n  acme: {{options: {{token: {value}}}}}\n")

    with pytest.raises(ConfigError) as error:
        connection(file)

    assert error.value.message.startswith(f"{file}:2:20: token ")
    assert told in error.value.message
    assert "hunter2" not in error.value.message


def test_a_broken_file_tells_all_its_mistakes(tmp_path):
    """Each with line, column and the nearest key."""
    file = written(
        tmp_path,
        "stor: x\n"
        "connections:\n"
        "  crm: {}\n"
        "  Big: {conector: acme}\n"
        "  eu: {options: {burst: [1]}, fields: {contact: one}, brake: lots}\n"
        "  us: 5\n",
    )

    with pytest.raises(ConfigError) as error:
        load_settings(file)

    assert [line.removeprefix(f"{file}:").rpartition(" [")[0] for line in error.value.message.splitlines()] == [
        "1:1: unknown key 'stor'; did you mean 'store'?",
        "3:3: the connection name 'crm' is reserved; choose another one",
        "4:3: the connection name 'Big' must be lower-case letters, digits and _, a letter first",
        "4:9: unknown key 'conector'; did you mean 'connector'?",
        "5:18: burst must be a value, {env: NAME} or {file: PATH}",
        "5:40: contact must be a list of the provider's names of fields, or `all`",
        "5:55: brake must be a share such as 2%",
        "6:3: a connection must be a map with connector, options, fields, streams, hub, merge, values, brake",
    ]


@pytest.mark.parametrize("text", ["a: [", "- a", "connections: 5", "a: &x 1", "\x07", "store: {}"])
def test_what_is_no_configuration_is_an_error_with_a_place(tmp_path, text):
    """Never a traceback."""
    file = written(tmp_path, text)

    with pytest.raises(ConfigError, match=rf"{file}:\d:\d+: "):
        load_settings(file)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"a: \xff"), Path.exists])
def test_a_file_that_cannot_be_read_is_named(tmp_path, make):
    """A folder, another encoding, or none at all."""
    path = tmp_path / "other.yaml"
    make(path)

    with pytest.raises(ConfigError, match=r"other\.yaml"):
        load_settings(path)


def test_the_only_connection_of_a_connector_needs_no_name(tmp_path):
    """Of several, one must be picked, unless one is named like the connector."""
    one = written(tmp_path, "connections: {eu: {connector: acme}, other: {connector: zeta}}")
    assert connection(one, EU_TOKEN="t").name == "eu"

    several = written(tmp_path, "connections: {eu: {connector: acme}, us: {connector: acme}}")
    with pytest.raises(ConfigError, match="eu, us"):
        connection(several)

    own = written(tmp_path, "connections: {eu: {connector: acme}, acme: {}}")
    assert connection(own, ACME_TOKEN="t").name == "acme"


def test_a_mistyped_connection_is_answered_with_the_nearest(tmp_path):
    """One of another connector is refused by name."""
    file = written(tmp_path, "connections: {europe: {connector: acme}, zeta: {connector: zeta}}")

    with pytest.raises(UnknownConnection, match="did you mean 'europe'"):
        connection(file, "europa")
    with pytest.raises(ConfigError, match="zeta is a connection of zeta, not of acme"):
        connection(file, "zeta")


@pytest.mark.parametrize(("brake", "share"), [("2%", 0.02), ("0.5%", 0.005), ("100", 1.0), ("0", 0.0)])
def test_a_brake_is_a_share_in_per_cent(tmp_path, brake, share):
    """With or without the sign."""
    file = written(tmp_path, f"connections: {{acme: {{brake: {brake}}}}}")

    assert connection(file, ACME_TOKEN="t").brake == pytest.approx(share)
