"""COQL, the query language: a text is read (`parse`), checked and made a plan (`plan`), and carried out (`run`)."""
