"""Look-up lists read backwards: the key that has a label, as MAP variables beside those of lookups.py.

A label that two keys have leads to neither: whoever writes it is told, and nothing is guessed. A list that is not set
reads as an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.mapping.lookups import look_up
from crmsync.quote import identifier, literal

# Why a field whose label leads to no key is not written. The second: several keys have it, or none in this scope.
NO_LABEL = "the CRM has no such label"
UNCLEAR = "the CRM has such a label, but it is not certain which one is meant"


def keys_variable(variable: str) -> str:
    """The variable that leads from the labels of `variable` (list_variable, options_variable) to their keys."""
    return f"keys.{variable}"


def key_of(variable: str, label: str, scope: str | None = None, scoped: str = "true") -> str:
    """SQL: the only key that has a label, NULL if there is none or several.

    Where the SQL `scoped` holds, only keys of the scope count; without a scope, its label must be the only one of all.
    """
    place = f"to_json([{label}])::VARCHAR"
    if scope is not None:
        place = f"CASE WHEN {scoped} THEN to_json([{scope}, {label}])::VARCHAR ELSE {place} END"
    return look_up(keys_variable(variable), place)


def is_label(variable: str, label: str) -> str:
    """SQL: whether any key has the label."""
    return f"coalesce(list_contains(map_values(getvariable({literal(variable)})), {label}), false)"


def labels_sql(variables: Sequence[str]) -> str:
    """A SELECT of all labels that lead to a key in one of these variables, one a row."""
    places = " UNION ALL ".join(
        f"SELECT unnest(map_keys(getvariable({literal(keys_variable(name))})))::VARCHAR AS place" for name in variables
    )
    return f"SELECT DISTINCT place::JSON->>'$[#-1]' AS label FROM ({places}) ORDER BY label"


def set_keys_sql(variable: str) -> str:
    """The statement that fills the variable of keys from the parameters `$keys`, `$labels` and `$scopes`.

    These are lists of texts of one length; a scope is the key of the entry that scopes a list's entry, or null. Of
    equal keys the first one counts, as where they are read; entries without a key or a label are left out.
    """
    return f"""SET VARIABLE {identifier(keys_variable(variable))} = (
  SELECT coalesce(map(list(place ORDER BY place), list(k ORDER BY place)), MAP {{}}::MAP(VARCHAR, VARCHAR))
  FROM (
    SELECT place, min(k) AS k
    FROM (
      SELECT k, unnest([to_json([v])::VARCHAR, CASE WHEN s IS NOT NULL THEN to_json([s, v])::VARCHAR END]) AS place
      FROM (
        SELECT k, arg_min_null(v, n) AS v, arg_min_null(s, n) AS s
        FROM (
          SELECT unnest($keys::VARCHAR[]) AS k, unnest($labels::VARCHAR[]) AS v, unnest($scopes::VARCHAR[]) AS s,
            unnest(range(len($keys::VARCHAR[]))) AS n
        )
        WHERE k <> ''
        GROUP BY k
      )
      WHERE v <> ''
    )
    WHERE place IS NOT NULL
    GROUP BY place
    HAVING count(*) = 1
  )
)"""
