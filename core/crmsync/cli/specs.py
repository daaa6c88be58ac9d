"""`crmsync connectors`, `streams` and `validate`: what is installed, and whether a spec is right."""

from __future__ import annotations

from pathlib import Path

import click

from crmsync.cli import show

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")


@click.command()
@_JSON
def connectors(as_json: bool) -> None:
    """List the installed connectors, broken ones included."""
    from crmsync import plugins
    from crmsync.errors import CrmsyncError
    from crmsync.spec.load import load

    found = []
    for connector in plugins.connectors():
        streams, fault = "", connector.fault
        if connector.spec_file and not fault:
            try:
                streams = ", ".join(load(connector.spec_file).tree["streams"])
            except CrmsyncError as error:
                fault = error.message.splitlines()[0]
        found.append((connector.name, connector.version, connector.distribution, streams, fault or "ok"))
    show.rows(
        ("name", "version", "distribution", "streams", "status"), found, as_json=as_json, nothing="None installed."
    )


@click.command()
@click.option("--connector", required=True, help="Name of an installed connector.")
@_JSON
def streams(connector: str, as_json: bool) -> None:
    """List the streams of a connector and the columns of each."""
    from crmsync import plugins
    from crmsync.spec.build import build
    from crmsync.spec.load import load, objects

    found = plugins.connector(connector)
    assert found.spec_file is not None  # plugins.connector raises otherwise
    spec = build(load(found.spec_file).tree, objects(), {})
    lines = [(s.name, f.name, f.type, f.title or "") for s in spec.streams.values() for f in s.fields]
    show.rows(("stream", "column", "type", "meaning"), lines, as_json=as_json)


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def validate(spec: Path) -> int:
    """Check SPEC, a connector's YAML file, and tell all its mistakes with their places."""
    from crmsync.errors import SpecError
    from crmsync.spec.load import load

    try:
        document = load(spec)
    except SpecError as error:
        for fault in error.faults:
            click.echo(str(fault))
        mistakes = "1 mistake" if len(error.faults) == 1 else f"{len(error.faults)} mistakes"
        click.echo(f"{spec}: {mistakes}.", err=True)
        return error.exit_status
    click.echo(f"{spec}: ok, {len(document.tree['streams'])} streams.", err=True)
    return 0
