"""A process that syncs a stream with the hub: `python -m sync_process FOLDER PROVIDER URL`, to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from crmsync.config import resolve
from crmsync.events import Events
from crmsync.settings import Settings
from crmsync.spec.build import options
from crmsync.spec.load import load
from crmsync.store import FileStore
from crmsync.sync import Job, run
from lab import KEYS
from providers import DRIVERS


def main() -> None:
    folder, provider, url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    driver = DRIVERS[provider](0, 1, None)
    from crmsync import plugins

    spec_file = plugins.connector(provider).spec_file
    assert spec_file is not None
    environment = {f"{provider}_{name}".upper(): value for name, value in driver.options(url).items()}
    settings = Settings(connections={provider: {"connector": provider}})
    connection = resolve(settings, provider, None, options(load(spec_file).tree), environment)
    store = FileStore(folder / "lab.duckdb")
    try:
        job = Job(spec_file, connection, folder / "limits", ("contact",), mode="sync", keys=KEYS)
        (result,) = asyncio.run(run(job, store, Events()))
    finally:
        store.close()
    assert result.status == "done", result.error


if __name__ == "__main__":
    main()
