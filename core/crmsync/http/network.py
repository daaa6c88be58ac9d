"""What the machine's environment says about the network: proxies and certificate authorities.

HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name the way out; SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE
and SSL_CERT_DIR whom to trust instead of the public authorities.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from crmsync.errors import ConfigError
from crmsync.http.egress import Origin
from crmsync.secret import Secret

_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and its credentials; it resolves the names that it is asked for."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: Secret | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def proxy_for(origin: Origin) -> Proxy | None:
    """The proxy that the environment names for `origin`; never one for this machine itself."""
    if origin.is_loopback or urllib.request.proxy_bypass(f"{origin.host}:{origin.port}"):
        return None
    proxies = urllib.request.getproxies()
    url = proxies.get(origin.scheme) or proxies.get("all")
    return _proxy(url if "://" in url else f"http://{url}") if url else None


def tls_context() -> ssl.SSLContext:
    """Verifies certificates and host names against the authorities of the environment, else the public ones."""
    for variable in _FILES:
        if path := os.environ.get(variable):
            return _trusting(variable, path)
    if path := os.environ.get("SSL_CERT_DIR"):
        return _trusting("SSL_CERT_DIR", path)
    import certifi  # reads 300 KB: only where TLS is spoken

    return ssl.create_default_context(cafile=certifi.where())


def _proxy(url: str) -> Proxy:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError("the proxy of the environment is not an http or https URL", hint="Correct HTTPS_PROXY.")
    user, password = parts.username, parts.password
    return Proxy(
        parts.scheme, host, port, unquote(user) if user else None, Secret(unquote(password)) if password else None
    )


def _trusting(variable: str, path: str) -> ssl.SSLContext:
    try:
        if os.path.isdir(path):  # noqa: PTH112 - a value of the environment, as OpenSSL would read it
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{variable} names no readable file of certificates: {path} ({error.strerror})") from None
