"""A copy of the repository as somebody who clones it has it, and light virtual environments for it."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tracked() -> list[Path]:
    """Every file that is, or would be, under version control, relative to ROOT."""
    mine = "safe.directory=*"  # in a container the checkout may belong to somebody else
    done = subprocess.run(
        ["git", "-c", mine, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = {Path(name) for name in done.stdout.split("\0") if name}
    return sorted(path for path in paths if (ROOT / path).is_symlink() or (ROOT / path).is_file())


def clone(to: Path) -> None:
    """Copy the tracked files as they are now, links as links."""
    for path in tracked():
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, to / path, follow_symlinks=False)


def environment(folder: Path) -> Path:
    """An empty virtual environment without pip; its Python."""
    venv.EnvBuilder(symlinks=True).create(folder)
    return folder / "bin" / "python"


def lend(folder: Path, *first: Path) -> None:
    """Let the environment import from the folders `first`, then whatever the tests' own environment has installed."""
    (packages,) = folder.glob("lib/python*/site-packages")
    lines = [*map(str, first), *site.getsitepackages()]
    (packages / "lent.pth").write_text("".join(f"{line}\n" for line in lines))


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in English, without what this machine's crmsync is told by the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRMSYNC_", "HUBSPOT_", "PYTHON", "MAKE"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "XDG_STATE_HOME": str(cwd / "state"), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def pip(*arguments: str | Path, cwd: Path) -> None:
    """Run the tests' own pip, which asks no index."""
    done = run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, cwd=cwd, PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stderr
