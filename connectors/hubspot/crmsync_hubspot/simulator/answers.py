"""Answers and the error bodies of the API, word for word where they are known."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from crmsync.sandbox import SimResponse

JSON_HEADERS = {"Content-Type": "application/json;charset=utf-8"}
_NAMESPACE = uuid.UUID("6f0f4d1a-7f0c-4a7e-9d3b-0a6f2a6a9a11")


class Refused(Exception):
    """The request ends with an error answer."""

    def __init__(self, status: int, message: str, category: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": "error", "message": message, **({"category": category} if category else {}), **more}


def ok(value: Any, status: int = 200) -> SimResponse:
    return SimResponse(status, JSON_HEADERS, msgspec.json.encode(value))


def raw(body: bytes, status: int = 200) -> SimResponse:
    return SimResponse(status, JSON_HEADERS, body)


def nothing() -> SimResponse:
    return SimResponse(204)


def html(status: int, title: str) -> SimResponse:
    """What a gateway or an unknown route answers."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return SimResponse(status, {"Content-Type": "text/html;charset=utf-8"}, page.encode())


def refusal(refused: Refused, correlation_id: str) -> SimResponse:
    return ok(refused.body | {"correlationId": correlation_id}, refused.status)


def correlation_id(number: int) -> str:
    """An id for request `number`, the same in each run."""
    return str(uuid.uuid5(_NAMESPACE, str(number)))


def invalid(message: str, **more: Any) -> Refused:
    return Refused(400, message, "VALIDATION_ERROR", **more)


def not_found(message: str = "resource not found") -> Refused:
    return Refused(404, message, "OBJECT_NOT_FOUND")


def unknown_type(name: str) -> Refused:
    return Refused(400, f"Unable to infer object type from: {name}")


def invalid_properties(problems: Sequence[tuple[str, str, str]], portal: int) -> Refused:
    """Values that cannot be written, as (property, code, message)."""
    inner = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": portal,
        }
        for name, code, message in problems
    ]
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}} for name, code, message in problems
    ]
    return invalid(f"Property values were not valid: {msgspec.json.encode(inner).decode()}", errors=errors)


def missing_scopes(scopes: Sequence[str]) -> Refused:
    link = "https://developers.hubspot.com/scopes"
    return Refused(
        403,
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {link}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": link},
    )


def error_item(category: str, message: str, context: Mapping[str, Sequence[str]], **more: Any) -> dict[str, Any]:
    """One entry of a batch answer's `errors`."""
    return {"status": "error", "category": category, "message": message, "context": dict(context), **more}
