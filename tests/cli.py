"""The installed `crmsync` as a process of its own, against a simulator that the test serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crmsync.cli import main

CRMSYNC = Path(sys.executable).with_name("crmsync")


@dataclass(frozen=True)
class Shell:
    """A working directory, an environment, and the program in it."""

    folder: Path
    environment: dict[str, str]
    connector: str = "hubspot"

    def __call__(self, *words: str, timeout_s: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(CRMSYNC), *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def inside(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, where it starts in no time: for what a command says, not for how it ends."""
        out, err = StringIO(), StringIO()
        with (
            chdir(self.folder),
            patch.dict(os.environ, {**self.environment, **environment}, clear=True),
            patch.object(sys, "argv", ["crmsync", *words]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                status = ended.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(CRMSYNC), *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def results(self, *words: str, **environment: str) -> list[dict[str, Any]]:
        """What `crmsync run --json …` prints."""
        done = self("run", "--connector", self.connector, "--json", *words, **environment)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def query(self, sql: str) -> list[dict[str, Any]]:
        done = self.inside("query", sql, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def shell(folder: Path, url: str = "", connector: str = "hubspot", **options: str) -> Shell:
    """A Shell in `folder` with the options of the connector's connection in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment = {**kept, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    if url:
        options = {"base_url": url, **options}
    environment |= {f"{connector}_{name}".upper(): value for name, value in options.items()}
    return Shell(folder, environment, connector)


def package(site: Path, name: str, spec: str | None, code: str = "", point: str = "") -> None:
    """A connector for who has `site` on PYTHONPATH; importing it leaves a file `imported` and runs `code`."""
    folder = site / name
    folder.mkdir(parents=True)
    mark = "import os, pathlib; pathlib.Path('imported').touch()\n"
    (folder / "__init__.py").write_text(mark + code)
    if spec is not None:
        (folder / "spec.yaml").write_text(spec)
    distribution(site, name, f"[crmsync]\n{point or name} = {name}\n")


def distribution(site: Path, name: str, points: str) -> None:
    """The metadata of an installed package."""
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(points)
