"""Command line of `serve`."""

import click

from crmsync_odoo.simulator.serve import serve


@click.command()
@click.option("--records", default=20_000, show_default=True, help="Contacts; companies and deals go with them.")
@click.option("--port", default=8069, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--latency", "latency_s", default=0.0, show_default=True, help="Seconds added to each answer.")
@click.option("--version", default=19, show_default=True, help="Of the server: 17 to 21.")
def main(records: int, port: int, seed: int, latency_s: float, version: int) -> None:
    """Serve a made-up Odoo on this machine."""
    serve(records, port, seed, latency_s, version)


main()
