"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm import Crm, served


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    """An account with 40 contacts, 10 companies and 10 deals."""
    with served(tmp_path, 40) as made:
        yield made
