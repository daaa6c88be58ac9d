"""Look-up lists (stages, options of a field) as MAP variables of the connection: three times as fast as subqueries.

A list that is not set reads as an empty one: every value is then unknown, so its field is held and nothing is lost.
"""

from __future__ import annotations

from crmsync.quote import identifier, literal


def list_variable(name: str, column: str = "value") -> str:
    """The variable of one column of the spec's list `name`."""
    return f"list.{name}.{column}"


def options_variable(stream: str, field: str) -> str:
    """The variable of the options that the provider gives for a field."""
    return f"options.{stream}.{field}"


def look_up(variable: str, key: str) -> str:
    """SQL: the label that `variable` has for the SQL `key`: empty where it is null, NULL for an unknown key."""
    return f"getvariable({literal(variable)})[{key}]::VARCHAR"  # an unset variable has no type


def set_lookup_sql(variable: str) -> str:
    """The statement that fills `variable` from the parameters `$keys` and `$labels`, two lists of texts of one length.

    Of equal keys the first one counts; entries without a key are left out. A label that is null is kept as an empty
    one: its key is known all the same.
    """
    return f"""SET VARIABLE {identifier(variable)} = (
  SELECT coalesce(map(list(k ORDER BY k), list(v ORDER BY k)), MAP {{}}::MAP(VARCHAR, VARCHAR))
  FROM (
    SELECT k, coalesce(arg_min_null(v, n), '') AS v
    FROM (
      SELECT unnest($keys::VARCHAR[]) AS k, unnest($labels::VARCHAR[]) AS v, unnest(range(len($keys::VARCHAR[]))) AS n
    )
    WHERE k IS NOT NULL
    GROUP BY k
  )
)"""
