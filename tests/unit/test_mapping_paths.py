import pytest

from crmsync.errors import SpecError
from crmsync.mapping.paths import Path, Step, parse


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", Path((Step("a"),))),
        ("a.b", Path((Step("a"), Step("b")))),
        ("a[].b", Path((Step("a", "[]"), Step("b")))),
        ("a{}", Path((Step("a", "{}"),))),
        ("{}", Path((Step("", "{}"),))),
        (r"a\.b.c", Path((Step("a.b"), Step("c")))),
        (r"a\[\]", Path((Step("a[]"),))),
        ("$", Path(())),
        ("^id", Path((Step("id"),), up=1)),
        ('it\'s "so"', Path((Step('it\'s "so"'),))),
    ],
)
def test_a_path_is_read_into_steps(text, path):
    """Each form of the language has one reading."""
    assert parse(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a]b", "a{b}", "^"])
def test_what_is_no_path_is_refused(text):
    """A typing error is told, not read as some other path."""
    with pytest.raises(SpecError, match="not a path"):
        parse(text)
