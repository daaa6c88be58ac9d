"""`crmsync sandbox`: a connector's simulator as a server of its own."""

from __future__ import annotations

import click


@click.command()
@click.argument("connector")
@click.option("--records", type=click.IntRange(min=0), default=1000, show_default=True, help="How many contacts.")
@click.option("--port", type=click.IntRange(0, 65535), default=8123, show_default=True, help="Port on this machine.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same records.")
@click.option("--latency", type=click.FloatRange(min=0), default=0.0, help="Seconds that each answer takes longer.")
def sandbox(connector: str, records: int, port: int, seed: int, latency: float) -> None:
    """Serve the simulator of CONNECTOR on 127.0.0.1 until Ctrl-C."""
    from crmsync import plugins
    from crmsync.config import variable
    from crmsync.sandbox import Server

    simulator = plugins.sandbox(plugins.connector(connector), records, seed)
    server = Server(simulator, port=port, latency_s=latency)
    server.start()
    try:
        click.echo(f"{connector} with {records:,} contacts on {server.url}. Ctrl-C ends it. In another terminal:")
        for option, value in {**simulator.options, "base_url": server.url}.items():
            click.echo(f"  export {variable(connector, option)}={value}")
        click.echo(f"  crmsync run --connector {connector}")
        server.join()
    except KeyboardInterrupt:
        click.echo("", err=True)
    finally:
        server.stop()
