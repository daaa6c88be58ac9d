"""Where requests may go, and where not."""

import asyncio
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver

from crmsync.errors import EgressRefused
from crmsync.http.egress import Egress, is_public, origin_of
from crmsync.http.wire import CheckedResolver

BASE = "https://api.example.com/v1"
OWN = "http://127.0.0.1:8069"

NOT_PUBLIC = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254
169.254.0.1 100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe
64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2001:0:1234::1 2001:db8::1 fc00::1
fd00:ec2::254 fe80::1 fec0::1 ff02::1 100::1 4000::1
"""

PUBLIC = ["8.8.8.8", "104.16.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]

HOSTILE = [
    "http://api.example.com/",
    "HTTPS://api.example.com/",
    "ftp://api.example.com/",
    "file:///etc/passwd",
    "gopher://api.example.com/",
    "javascript:alert(1)",
    "data:,x",
    "//api.example.com/",
    "https:/api.example.com/",
    "https:api.example.com",
    "https:///api.example.com",
    "https://",
    "",
    " ",
    "api.example.com",
    "https://evil.com/",
    "https://evil.com/https://api.example.com/",
    "https://evil.com?https://api.example.com/",
    "https://evil.com#api.example.com",
    "https://api.example.com.evil.com/",
    "https://evil-api.example.com/",
    "https://sub.api.example.com/",
    "https://example.com/",
    "https://api.example.com./",
    "https://api.example.com../",
    "https://.api.example.com/",
    "https://user@api.example.com/",
    "https://user:password@api.example.com/",
    "https://api.example.com@evil.com/",
    "https://api.example.com:443@evil.com/",
    "https://api.example.com%40evil.com/",
    "https://api.example.com%2eevil.com/",
    "https://api.example.com\\@evil.com/",
    "https://evil.com\\.api.example.com/",
    "https://api.example.com\\evil.com/",
    "https:\\\\api.example.com/",
    "https://api.example.com#@evil.com/",
    "https://evil.com#@api.example.com/",
    "https://api.example.com;evil.com/",
    "https://api.example.com,evil.com/",
    "https://api.example.com evil.com/",
    "https://api.example.com\t.evil.com/",
    "https://api.example.com\n.evil.com/",
    "https://api.example.com/\r\nHost: evil.com",
    "https://api.example.com/a b",
    "https://api.example.com/\x00",
    "https://api.example.com/é",
    "https://api.example.com\x00.evil.com/",
    "\thttps://api.example.com/",
    "https://api.example.com/ ",
    "https://api.example.com/\n",
    "https://api.example.com:443:80/",
    "https://api.example.com:/",
    "https://api.example.com:0/",
    "https://api.example.com:99999/",
    "https://api.example.com:-1/",
    "https://api.example.com:4e2/",
    "https://api.example.com:80a/",
    "https://\u0430pi.example.com/",
    "https://\uff41pi.example.com/",
    "https://api。example.com/",
    "https://api\uff0eexample.com/",
    "https://ⓐpi.example.com/",
    "https://api.exa\u00admple.com/",
    "https://xn--pi-7kc.example.com/",
    "https://bücher.example/",
    "https://127.0.0.1/",
    "https://127.0.0.1.nip.io/",
    "https://127-0-0-1.sslip.io/",
    "https://localhost/",
    "https://localhost.localdomain/",
    "https://LOCALHOST/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://2130706433/",
    "https://127.000.000.001/",
    "https://127.0.0.1./",
    "https://127.0.0.0x1/",
    "https://①②⑦.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1]/",
    "https://[::1/",
    "https://::1/",
    "https://[v1.x]/",
    "https://[]/",
    "https://[127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/",
    "https://8.8.8.8/",
    "https://3232235777/",
    "https://127。0。0。1/",
    "https://$host/",
    "https://{host}/",
    "https://*.example.com/",
    "https://api.example.com`id`/",
    "https://-api.example.com/",
    "https://api_example.com/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_url_that_is_not_plainly_on_a_named_host_is_refused(url):
    """Whoever wrote it: an answer, a spec, an API body. Also as a link, and where the operator's word is another."""
    for egress in (Egress(BASE, False, ("api.example.com",)), Egress(OWN, True, ("api.example.com",))):
        with pytest.raises(EgressRefused):
            egress.check(url)
        if not url.startswith("/"):
            with pytest.raises(EgressRefused):
                egress.follow(url)


@pytest.mark.parametrize("link", ["//evil.com/x", "/\\evil.com", "/a\r\nb", "/@evil.com", "/x#y", "/%0d%0a"])
def test_a_relative_link_never_leaves_the_origin(link):
    """Two slashes are a path here, not a host; what no URL may hold is refused."""
    try:
        assert Egress(BASE, False, ("api.example.com",)).follow(link) == f"https://api.example.com{link}"
    except EgressRefused:
        assert not link.isprintable() or "\\" in link or "#" in link


@pytest.mark.parametrize(
    "link",
    [
        "http://api.example.com/v1?a=b",
        "https://api.example.com:8443/v1",
        "https://eu.example.com/v1",
        "https://evil.com",
    ],
)
def test_a_next_link_keeps_scheme_host_and_port(link):
    """Even to another host that the spec names."""
    with pytest.raises(EgressRefused):
        Egress(BASE, False, ("api.example.com", "eu.example.com")).follow(link)


def test_a_link_to_the_base_url_itself_is_followed():
    """The default port may be written or not, and a host's case does not matter."""
    egress = Egress(BASE, False, ("api.example.com",))

    for link in ("https://api.example.com:443/v1?after=5", "https://API.example.com/x", "/v1?a=%2Fb&c=d,e"):
        assert origin_of(egress.follow(link)) == egress.base


def test_the_operators_word_covers_exactly_one_origin():
    """http and a private address are allowed there and nowhere else."""
    egress = Egress(OWN, True, ())

    assert egress.check(f"{OWN}/jsonrpc") == egress.base
    for url in ("http://127.0.0.1:8070/", "https://127.0.0.1:8069/", "http://127.0.0.1/", "http://localhost:8069/"):
        with pytest.raises(EgressRefused):
            egress.check(url)


@pytest.mark.parametrize("url", ["http://api.example.com", OWN, "https://other.example.com", "https://10.0.0.1"])
def test_a_base_url_that_is_not_the_operators_must_be_a_host_of_the_spec(url):
    """A spec cannot send a token into a private network."""
    with pytest.raises(EgressRefused):
        Egress(url, False, ("api.example.com", "10.0.0.1"))


@pytest.mark.parametrize(
    "host", ["0", "127.1", "0x7f.1", "0x7f000001", "0177.0.0.1", "2130706433", "127.0.0.0x1", "1.2.3.4.5", "[::1", "[]"]
)
def test_an_address_in_disguise_is_no_url_at_all(host):
    """Not even the operator's: two programs might read it as two addresses."""
    with pytest.raises(EgressRefused):
        origin_of(f"https://{host}/")


def test_a_refused_url_does_not_show_a_password():
    """The message is for the log."""
    with pytest.raises(EgressRefused) as caught:
        origin_of("https://user:hunter2@api.example.com/x?token=hunter2")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_an_address_of_our_own_networks_is_not_public(address):
    """Also when it hides in an IPv6 address."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    """Also the way that an IPv6-only network reaches IPv4."""
    assert is_public(ip_address(address))


class Names(AbstractResolver):
    """A name server that says what a test wants."""

    def __init__(self, *addresses):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=0):  # noqa: ARG002 - as aiohttp calls it
        return [
            {"hostname": host, "host": a, "port": port, "family": 0, "proto": 0, "flags": 0} for a in self.addresses
        ]

    async def close(self):
        pass


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::ffff:169.254.169.254",)])
def test_a_named_host_that_resolves_to_a_private_address_is_not_dialled(addresses):
    """One private address among public ones is enough: this is what rebinding looks like."""
    resolver = CheckedResolver(Egress(BASE, False, ("api.example.com",)), inner=Names(*addresses))

    with pytest.raises(EgressRefused):
        asyncio.run(resolver.resolve("api.example.com", 443))


def test_the_operators_host_may_resolve_to_a_private_address():
    """On the operator's port only."""
    resolver = CheckedResolver(Egress("http://crm.internal:8069", True, ()), inner=Names("10.0.0.1"))

    assert asyncio.run(resolver.resolve("crm.internal", 8069))[0]["host"] == "10.0.0.1"
    with pytest.raises(EgressRefused):
        asyncio.run(resolver.resolve("crm.internal", 22))
