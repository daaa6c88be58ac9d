"""`crmsync connectors`, `streams` and `validate`: what is installed, and whether a spec is right."""

from __future__ import annotations

from pathlib import Path

import click

from crmsync.cli import show
from crmsync.cli.options import connector_options, json_option


@click.command()
@json_option
def connectors(as_json: bool) -> None:
    """List the installed connectors, broken ones included."""
    from crmsync import plugins

    found = []
    for connector in map(plugins.checked, plugins.connectors()):
        streams = "" if connector.fault else ", ".join(plugins.read_spec(connector).tree["streams"])
        status = f"broken: {connector.fault}" if connector.fault else "ok"
        found.append((connector.name, connector.version, connector.distribution, streams, status))
    names = ("name", "version", "distribution", "streams", "status")
    show.rows(names, found, as_json=as_json, nothing="None installed.")


@click.command()
@connector_options
@json_option
def streams(connector: str, connection: str | None, config: Path | None, as_json: bool) -> None:
    """List the streams of a connector and the columns of each; those that crmsync.yaml adds, too."""
    from crmsync import plugins
    from crmsync.config import load_settings, own
    from crmsync.spec.build import build
    from crmsync.spec.load import load, objects

    found = plugins.connector(connector)
    assert found.spec_file is not None  # plugins.connector raises otherwise
    added = own(load_settings(config), connector, connection)
    spec = build(load(found.spec_file, added).tree, objects(), {})
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
        if not error.faults:
            raise  # it cannot be read at all
        for fault in error.faults:
            show.line(str(fault))
        click.echo(f"{spec}: {show.count(len(error.faults), 'mistake')}.", err=True)
        return error.exit_status
    click.echo(f"{spec}: ok, {show.count(len(document.tree['streams']), 'stream')}.", err=True)
    return 0
