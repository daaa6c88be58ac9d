"""What the server raises, by the names that clients see. How each protocol shows it is the protocol's business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

ANOTHER_MODEL = "Another model is using the record you are trying to delete."


class OdooError(Exception):
    """The call ends with this; its transaction is rolled back. `status` is that of JSON-2."""

    def __init__(self, name: str, message: str, status: int = 500, arguments: Sequence[Any] | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.status = status
        self.arguments = [message] if arguments is None else list(arguments)

    def told(self, traceback: str) -> dict[str, Any]:
        """The members that all protocols show."""
        debug = f"Traceback (most recent call last):\n{traceback}\n{self.name}: {self.message}"
        return {
            "name": self.name,
            "message": self.message,
            "arguments": self.arguments,
            "context": {},
            "debug": debug,
        }


def user_error(message: str) -> OdooError:
    return OdooError("odoo.exceptions.UserError", message, 422)


def invalid(message: str) -> OdooError:
    return OdooError("odoo.exceptions.ValidationError", message, 422)


def redirect(message: str) -> OdooError:
    return OdooError("odoo.exceptions.RedirectWarning", message, 500, [message, 1, "Go to users"])


def access(message: str) -> OdooError:
    return OdooError("odoo.exceptions.AccessError", message, 403)


def denied() -> OdooError:
    return OdooError("odoo.exceptions.AccessDenied", "Access Denied", 403)


def missing(model: str, ids: Iterable[object], uid: int) -> OdooError:
    shown = f"{model}({', '.join(map(repr, ids))},)"
    text = f"Record does not exist or has been deleted.\n(Record: {shown}, User: {uid})"
    return OdooError("odoo.exceptions.MissingError", text, 404)


def value_error(message: str) -> OdooError:
    return OdooError("builtins.ValueError", message)


def builtin(kind: str, message: str) -> OdooError:
    return OdooError(f"builtins.{kind}", message)


def not_found(message: str) -> OdooError:
    return OdooError("werkzeug.exceptions.NotFound", message, 404)


def unprocessable(message: str) -> OdooError:
    return OdooError("werkzeug.exceptions.UnprocessableEntity", message, 422)


def database(kind: str, message: str) -> OdooError:
    """An error of PostgreSQL, such as `InvalidTextRepresentation`."""
    return OdooError(f"psycopg2.errors.{kind}", message)


def unknown_field(model: str, name: str, version: int) -> OdooError:
    """An unknown field in a read, a domain or an order."""
    return value_error(f"Invalid field '{name}' on {'' if version >= 19 else 'model '}'{model}'")
