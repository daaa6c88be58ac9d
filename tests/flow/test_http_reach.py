"""A host that cannot be reached: told with the cause, and soon where it is the first one that a run asks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from crmsync.errors import ProviderDown
from http_server import LIST, a_client, json, serving
from lab import Lab


def told(folder: Path, url: str, **wire: float) -> ProviderDown:
    """What a client says of `url` in the end."""

    async def ask() -> None:
        async with a_client(url, folder, **wire) as client:
            await client.send(LIST, {}, stream="")

    with pytest.raises(ProviderDown) as caught:
        asyncio.run(ask())
    return caught.value


@contextmanager
def deaf() -> Iterator[str]:
    """A port where connections are neither taken nor refused: more wait than may."""
    with socket.socket() as server, ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_port_that_refuses_is_told_with_its_address_and_what_to_check(tmp_path: Path) -> None:
    """Host and cause in the sentence, the variable in the hint."""
    error = told(tmp_path, "http://127.0.0.1:1")
    assert error.message.endswith(" tries: no answer: http://127.0.0.1:1 cannot be reached: the connection is refused")
    assert all(word in error.hint for word in ("network", "HTTPS_PROXY", "ACME_BASE_URL"))


def test_a_name_that_does_not_resolve_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the address, or no network at all."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = told(tmp_path, "http://crm.example")
    assert "http://crm.example cannot be reached: its name cannot be resolved" in error.message


def test_a_port_that_speaks_no_tls_is_told(tmp_path: Path) -> None:
    """https where the server speaks http."""

    async def ask() -> None:
        async with serving(json()) as provider:
            url = provider.url.replace("http:", "https:")
            async with a_client(url, tmp_path) as client:
                await client.send(LIST, {}, stream="")

    with pytest.raises(ProviderDown, match=r"cannot be reached: TLS failed \(.+\)"):
        asyncio.run(ask())


def test_a_host_that_says_nothing_at_all_is_told(tmp_path: Path) -> None:
    """Behind a firewall that drops what it does not like."""
    with deaf() as url:
        assert f"{url} cannot be reached: the connection timed out" in told(tmp_path, url, connect_s=0.05).message


def test_a_connection_that_came_about_and_broke_is_no_unreachable_host(tmp_path: Path) -> None:
    """Nothing is wrong with the address then."""

    async def hang(_: object) -> None:
        await asyncio.sleep(1)

    async def ask() -> None:
        async with serving(hang) as provider, a_client(provider.url, tmp_path, read_s=0.05) as client:  # type: ignore[arg-type]
            await client.send(LIST, {}, stream="")

    with pytest.raises(ProviderDown) as caught:
        asyncio.run(ask())
    assert "cannot be reached" not in caught.value.message


def test_the_first_request_of_a_run_gives_up_on_nobody_soon(lab: Lab) -> None:
    """Seconds: somebody has just typed the command."""
    begun = lab.clock.monotonic()
    lab.url = "http://127.0.0.1:1"
    with pytest.raises(ProviderDown, match="cannot be reached: the connection is refused"):
        lab.try_run()
    assert lab.clock.monotonic() - begun <= 10


def test_any_other_trouble_with_the_first_request_is_waited_out(lab: Lab) -> None:
    """A CRM under repair is no wrong address."""
    begun = lab.clock.monotonic()
    lab.simulator.fail(503, "/account-info", times=8)
    assert lab.run().retries == 0  # of the stream: the account belongs to none
    assert lab.clock.monotonic() - begun > 20
