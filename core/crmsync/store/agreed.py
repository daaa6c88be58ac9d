"""Values as they are compared with what was agreed on, and as `base` and `shown` of a link hold them. SQL text only.

Every value is compared, and written into texts, in one form, so that equal values have equal texts:
- `''`, an empty list and JSON's `null` are NULL. Most CRMs cannot tell an empty text from none and show one as the
  other, so the step between them is no edit and is never worth a write; a hub's `''` stays where it is.
- The case of e-mail addresses and domains, and blanks around them, mean nothing: these are compared in lower case.
- A set has no order and no doubles.
- JSON is compared by its text without blanks; the order of its keys counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from crmsync.quote import literal


def plain(value: str, type_: str) -> str:
    """SQL: `value`, of a column of the language's type `type_`, in the form in which it is compared."""
    match type_:
        case "email" | "domain":
            return f"nullif(lower(trim({value})), '')"
        case "text" | "ref":
            return f"nullif({value}, '')"
        case "set":
            return f"nullif(list_sort(list_distinct({value})), [])"
        case "json":
            return f"nullif(json({value})::VARCHAR, 'null')"
        case _:
            return value


def agreed_text(values: Iterable[tuple[str, str, str]]) -> str:
    """SQL: the text of a row's values, each a name, a type and its SQL, as `base` and `shown` hold it.

    A text with other fields, or in another order, is another text.
    """
    struct = ", ".join(f"{literal(name)}: {_json(sql, type_)}" for name, type_, sql in values)
    return f"CAST(to_json({{{struct}}}) AS VARCHAR)"


def _json(value: str, type_: str) -> str:
    return f"{plain(value, type_)}::JSON" if type_ == "json" else plain(value, type_)
