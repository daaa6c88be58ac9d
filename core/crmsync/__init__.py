"""crmsync keeps a team's own data and its CRMs in step. The command line is `crmsync`; connectors are packages."""

__version__ = "0.1.0"
