"""Secrets stay secret in every text that may leave the process."""

import base64
import copy
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.secret import Secret, redact

TOKEN = "pat-zz1-0123456789 abc/def+é"

FORMS = [
    TOKEN,
    quote(TOKEN),
    quote(TOKEN, safe="").replace("%2F", "%2f"),
    quote_plus(TOKEN),
    json.dumps(TOKEN),
    TOKEN[:12],
    TOKEN[:14] + "...",
]


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>40}".format, lambda secret: f"{secret!r}"])
def test_a_secret_shows_as_stars(show):
    """However it is formatted."""
    assert show(Secret(TOKEN)).strip() == "***"


def test_a_pickled_secret_is_gone():
    """What crosses a process border holds no secret; a copy inside the process still works."""
    assert TOKEN.encode() not in pickle.dumps(Secret(TOKEN))
    assert copy.deepcopy(Secret(TOKEN)).reveal() == TOKEN


def test_a_secret_cannot_become_json_unmasked():
    """With the usual fallback it is masked, without one it is refused."""
    assert json.dumps({"token": Secret(TOKEN)}, default=str) == '{"token": "***"}'
    with pytest.raises(TypeError):
        json.dumps(Secret(TOKEN))


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_every_usual_form(form):
    """URL-encoded, as JSON, and its beginning, as people and providers quote it."""
    masked = redact(f"before {form} after", [Secret(TOKEN)])

    assert masked.startswith("before ") and "***" in masked and masked.endswith(" after")
    assert "0123456789" not in masked and "abc" not in masked


@given(before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_a_secret_is_masked_inside_base64(before, after):
    """As in `Basic` credentials, wherever it stands in the text that was encoded."""
    encoded = base64.b64encode(before + TOKEN.encode() + after).decode()

    masked = redact(encoded, [Secret(TOKEN)])

    assert len(masked.replace("***", "")) <= len(before + after) * 4 / 3 + 8


@given(st.text(), st.text(st.characters(exclude_characters="\0"), min_size=1))
def test_a_text_that_was_masked_holds_no_secret(text, secret):
    """Whatever the secret is."""
    assert secret in "***" or secret not in redact(text + secret + text, [Secret(secret)]).replace("***", "\0")


def test_a_secret_is_masked_in_both_alphabets_of_base64():
    """The one of e-mail and the one of URLs."""
    secret = "~~~???>>>~~~???>>>"
    forms = [encode(secret.encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]

    assert len(set(forms)) == 2
    assert [redact(form, [Secret(secret)]) for form in forms] == ["***", "***"]


def test_a_text_without_secrets_stays_as_it_is():
    """Ordinary words are not masked, though a short secret has no beginning."""
    assert redact("a pattern", [Secret(TOKEN), Secret("pat-short")]) == "a pattern"
