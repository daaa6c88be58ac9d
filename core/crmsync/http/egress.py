"""Where requests may go. Every URL and every address passes here before it is dialled.

A base URL that the operator set is the operator's word: http and private addresses included, for exactly that origin.
Every other URL must be https, on a host that the spec names, and resolve to public addresses only.
The grammar is narrow on purpose: what two URL parsers might read differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from crmsync.errors import EgressRefused

Address = IPv4Address | IPv6Address

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?][!$-\[\]_a-z~|]*)?"  # printable ASCII without \ " # ^ ` { } and blanks
)
_NUMBER = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)\.?")
_PORTS = {"https": 443, "http": 80}
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case) and port: what a token may be shown to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def is_loopback(self) -> bool:
        address = _literal(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)


class Egress:
    """The rule for one connection: its base URL, whose word that is, and the hosts that the spec names.

    Raises EgressRefused for a base URL that breaks it.
    """

    def __init__(self, base_url: str, operator: bool, hosts: tuple[str, ...]) -> None:
        self.base = origin_of(base_url)
        self._operator, self._hosts = operator, hosts
        self.check(base_url)

    def check(self, url: str) -> Origin:
        """The origin of `url`; raises EgressRefused unless the connection may talk to it."""
        origin = origin_of(url)
        if self._operator and origin == self.base:
            return origin
        if origin.scheme != "https":
            raise EgressRefused(f"{origin} is not https")
        if origin.host not in self._hosts:
            raise EgressRefused(f"{origin} is none of this connector's hosts ({', '.join(self._hosts)})")
        address = _literal(origin.host)
        if address is not None and not is_public(address):
            raise EgressRefused(f"{origin} is not a public address")
        return origin

    def follow(self, link: str) -> str:
        """`link` of an answer as an absolute URL; it must keep scheme, host and port of the base URL."""
        url = f"{self.base}{link}" if link.startswith("/") else link
        if (origin := origin_of(url)) != self.base:
            raise EgressRefused(f"the link of an answer leads to {origin}, away from {self.base}")
        return url

    def admit(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Raises EgressRefused unless every address that `host` resolved to may be dialled."""
        if self._operator and (host.lower(), port) == (self.base.host.strip("[]"), self.base.port):
            return
        for address in addresses:
            if not is_public(ip_address(address)):
                raise EgressRefused(f"{host} resolves to {address}, which is not a public address")


def origin_of(url: str) -> Origin:
    """Origin of an absolute URL; raises EgressRefused for what is not one in its plainest form."""
    match = _URL.fullmatch(url)
    if match is None:
        raise EgressRefused(
            f"not a plain https URL: {_shown(url)}",
            hint="Write scheme, host and path in ASCII, without user name, fragment and blanks.",
        )
    host, scheme = match["host"].lower(), match["scheme"]
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise EgressRefused(f"there is no port {port}: {_shown(url)}")
    if _literal(host) is None and (host[0] == "[" or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])):
        raise EgressRefused(f"an address in a disguised form: {_shown(url)}")
    return Origin(scheme, host, port)


def is_public(address: Address) -> bool:
    """Whether anybody's machine, and not one of our own networks, may stand behind `address`."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        return address in _GLOBAL_UNICAST and address.is_global
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped, NAT64, 6to4."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _shown(url: str) -> str:
    """The URL for a message: the part before the query, and nothing that may hold a password."""
    return repr(re.sub(r"//.*@", "//***@", re.split(r"[?#]", url, maxsplit=1)[0][:200]))
