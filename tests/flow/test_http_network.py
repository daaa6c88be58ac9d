"""Proxies and private certificate authorities, as the environment names them."""

import asyncio
import ssl
import subprocess
from contextlib import asynccontextmanager

import pytest

from crmsync.errors import ConfigError, CrmsyncError
from crmsync.events import Events
from crmsync.http import Client, Target
from crmsync.http.egress import origin_of
from crmsync.http.network import proxy_for, tls_context
from crmsync.sandbox.clock import VirtualClock
from crmsync.secret import Secret
from http_server import LIST, TOKEN, a_spec, json, serving

PROXIES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
FILES = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
VARIABLES = [*PROXIES, *map(str.upper, PROXIES), *FILES]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Nothing of the machine's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch.setenv


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with ca.pem and a certificate of api.example.com."""
    folder = tmp_path_factory.mktemp("ca")
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    root = "-subj|/CN=Test CA|-keyout|ca.key|-out|ca.pem|-addext|keyUsage=critical,keyCertSign,cRLSign"
    leaf = "-subj|/CN=api.example.com|-keyout|key.pem|-out|cert.pem|-CA|ca.pem|-CAkey|ca.key"
    leaf += "|-addext|subjectAltName=DNS:api.example.com|-addext|basicConstraints=critical,CA:FALSE"
    for arguments in (root, leaf):
        subprocess.run([*new, *arguments.split("|")], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls(authority):
    """The server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    return context


@asynccontextmanager
async def a_proxy(upstream, seen):
    """CONNECT to whatever name leads to `upstream`, as a proxy resolves names."""

    async def tunnel(reader, writer):
        tunnels.append(asyncio.current_task())
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        host, port = origin_of(upstream).host, origin_of(upstream).port
        up_reader, up_writer = await asyncio.open_connection(host, port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass  # a client that trusts no certificate hangs up
        finally:
            writer.close()

    tunnels = []
    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*tunnels)


def ask(tmp_path, tls, environment, **variables):
    """One request to https://api.example.com by way of a proxy: the answer or error, and what the proxy saw."""

    async def run():
        seen = []
        async with serving(json('{"x":1}'), tls=tls) as provider, a_proxy(provider.url, seen) as proxy:
            for name, value in {"HTTPS_PROXY": f"http://user:p%40ss-word-of-proxy@{proxy}", **variables}.items():
                environment(name, str(value))
            try:
                target, values = Target("acme", "https://api.example.com"), {"token": Secret(TOKEN)}
                async with Client(
                    a_spec(), target, values, state_dir=tmp_path, clock=VirtualClock(), events=Events()
                ) as client:
                    return await client.send(LIST, {"limit": 1}, stream="contact"), seen
            except CrmsyncError as error:
                return error, seen

    return asyncio.run(run())


def test_a_request_goes_through_the_proxy_and_trusts_the_private_authority(tmp_path, tls, environment, authority):
    """The proxy resolves the name, and never sees the token."""
    answer, seen = ask(tmp_path, tls, environment, SSL_CERT_FILE=authority / "ca.pem")

    assert answer.body == b'{"x":1}'
    assert seen[0].startswith("CONNECT api.example.com:443 HTTP/1.1") and "Proxy-Authorization: Basic " in seen[0]
    assert TOKEN not in "".join(seen)


def test_a_certificate_that_nobody_vouches_for_is_refused_with_a_hint(tmp_path, tls, environment):
    """At once: no retry mends it."""
    error, seen = ask(tmp_path, tls, environment)

    assert isinstance(error, ConfigError) and "not trusted" in error.message and "SSL_CERT_FILE" in error.hint
    assert len(seen) == 1


def test_a_proxy_that_is_down_does_not_give_its_password_away(tmp_path, tls, environment):
    """In the error's text."""
    error, _ = ask(tmp_path, tls, environment, HTTPS_PROXY="http://user:p%40ss-word-of-proxy@127.0.0.1:1")

    assert "no answer" in error.message
    assert "the proxy http://127.0.0.1:1 cannot be reached: the connection is refused" in error.message
    assert "ss-word" not in repr(error)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_each_usual_variable_names_the_authorities(environment, authority, name):
    """Instead of the public ones."""
    environment(name, str(authority / "ca.pem"))

    assert [ca["subject"][0][0][1] for ca in tls_context().get_ca_certs()] == ["Test CA"]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_a_variable_that_names_no_certificates_is_told(environment, tmp_path, name):
    """By its name."""
    environment(name, str(tmp_path / "no.pem"))

    with pytest.raises(ConfigError, match=name):
        tls_context()


def test_without_variables_the_public_authorities_are_trusted():
    """And nothing is switched off."""
    context = tls_context()

    assert context.check_hostname and len(context.get_ca_certs()) > 50


@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        ("https://api.example.com", {}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p.example:3128"}, "http://p.example:3128"),
        ("https://api.example.com", {"https_proxy": "p.example:3128"}, "http://p.example:3128"),
        ("https://api.example.com", {"ALL_PROXY": "https://p.example"}, "https://p.example:443"),
        ("https://api.example.com", {"HTTP_PROXY": "http://p.example:3128"}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p.example", "NO_PROXY": ".example.com"}, None),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p.example", "NO_PROXY": "*"}, None),
        ("http://crm.internal:8069", {"HTTP_PROXY": "http://p.example"}, "http://p.example:80"),
        ("http://127.0.0.1:8069", {"HTTP_PROXY": "http://p.example"}, None),
        ("http://localhost:8069", {"HTTP_PROXY": "http://p.example"}, None),
        ("https://[::1]:8069", {"HTTPS_PROXY": "http://p.example"}, None),
    ],
)
def test_the_environment_names_the_proxy(environment, url, variables, proxy):
    """Never one for this machine itself."""
    for name, value in variables.items():
        environment(name, value)

    found = proxy_for(origin_of(url))
    assert (found.url if found else None) == proxy


@pytest.mark.parametrize("url", ["socks5://p.example", "http://", "http://p.example:port", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(environment, url):
    """Rather than going round it."""
    environment("HTTPS_PROXY", url)

    with pytest.raises(ConfigError, match="proxy"):
        proxy_for(origin_of("https://api.example.com"))


def test_a_plain_request_reaches_the_provider_by_way_of_the_proxy(tmp_path, environment):
    """An operator's http URL: the proxy gets its own credentials with the request, and the whole URL."""

    async def run():
        async with serving(json('{"x":1}')) as proxy:
            environment("HTTP_PROXY", proxy.url.replace("//", "//user:word@"))
            target, values = Target("acme", "http://crm.internal:8069", operator_url=True), {"token": Secret(TOKEN)}
            async with Client(
                a_spec(), target, values, state_dir=tmp_path, clock=VirtualClock(), events=Events()
            ) as client:
                await client.send(LIST, {"limit": 1}, stream="contact")
            return proxy.seen[0]

    seen = asyncio.run(run())
    assert str(seen.url) == "http://crm.internal:8069/objects?limit=1"
    assert seen.headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"
