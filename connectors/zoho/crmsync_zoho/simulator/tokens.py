"""Page tokens: where a listing goes on, bound to what was asked, with an end of their own."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.org import Org


class Place(msgspec.Struct, array_like=True):
    """What a token knows. `last` is the sort key and id of the last record, `snapshot` the number of a kept list."""

    page: int
    offset: int
    last: tuple[int, int]
    snapshot: int
    binding: str
    expires_s: int


class PageTokens:
    """Makes and reads the page tokens of an org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._key = f"page tokens of {org.zgid}".encode()

    def binding(self, *asked: object) -> str:
        """A digest of everything that a token is bound to."""
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]

    def make(self, place: Place) -> str:
        body = msgspec.json.encode(place)
        return self._mark(body) + body.hex()

    def read(self, text: str, binding: str, reach: int) -> Place:
        """Refuses what is no token, or one of another listing, or of another day, or `reach` records from the start."""
        try:
            body = bytes.fromhex(text[16:])
        except ValueError:
            body = b""
        place = msgspec.json.decode(body, type=Place) if hmac.compare_digest(self._mark(body), text[:16]) else None
        if place is None or place.binding != binding:
            message = "the page token does not belong to this request"
            raise Refused(400, "TOKEN_BOUND_DATA_MISMATCH", message, {"param_name": "page_token"})
        if self._org.now_s >= place.expires_s:
            details = {"api_name": "page_token", "json_path": "$.query.page_token"}
            raise Refused(400, "EXPIRED_VALUE", "Page token expired", details)
        if place.offset >= reach:
            raise Refused(400, "PAGINATION_LIMIT_EXCEEDED", "pagination limit exceeded", {"param_name": "page_token"})
        return place

    def _mark(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()[:16]
