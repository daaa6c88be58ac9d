"""`crmsync sandbox`: a connector's simulator as a server of its own."""

from __future__ import annotations

import click

from crmsync.cli import show
from crmsync.cli.options import ConnectorName
from crmsync.errors import UsageError


@click.command()
@click.argument("connector", type=ConnectorName())
@click.option("--records", type=click.IntRange(min=0), default=1000, show_default=True, help="How many contacts.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8123, show_default=True, help="Port on this machine; 0: any free."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same records.")
@click.option("--latency", type=click.FloatRange(min=0), default=0.0, help="Seconds that each answer takes longer.")
def sandbox(connector: str, records: int, port: int, seed: int, latency: float) -> None:
    """Serve the simulator of CONNECTOR on 127.0.0.1 until Ctrl-C."""
    from crmsync import plugins
    from crmsync.sandbox import Server
    from crmsync.spec.model import variable

    simulator = plugins.sandbox(plugins.connector(connector), records, seed)
    server = Server(simulator, port=port, latency_s=latency)
    try:
        server.start()
    except OSError as error:
        hint = "Take another one: --port 0 finds one that is free."
        raise UsageError(f"Cannot listen on port {port}: {error.strerror or error}.", hint=hint) from None
    try:
        show.line(f"{connector} with {records:,} contacts on {server.url}. Ctrl-C ends it. In another terminal:")
        for option, value in server.options.items():
            show.line(f"  export {variable(connector, option)}={value}")
        show.line(f"  crmsync run --connector {connector}")
        server.join()
    except KeyboardInterrupt:
        click.echo("", err=True)
    finally:
        server.stop()
