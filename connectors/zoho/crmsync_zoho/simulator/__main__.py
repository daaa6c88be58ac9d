"""Command line of `serve`."""

import click

from crmsync_zoho.simulator.serve import serve


@click.command()
@click.option("--records", default=20_000, show_default=True, help="Contacts; accounts, deals and leads go with them.")
@click.option("--port", default=8124, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--latency", "latency_s", default=0.0, show_default=True, help="Seconds added to each answer.")
@click.option("--limits/--no-limits", default=True, show_default=True, help="The org's credits and calls at once.")
def main(records: int, port: int, seed: int, latency_s: float, limits: bool) -> None:
    """Serve a made-up Zoho CRM org on this machine."""
    serve(records, port, seed, latency_s, limits)


main()
