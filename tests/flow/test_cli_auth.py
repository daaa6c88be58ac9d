"""`crmsync auth` as a person knows it: the browser, a code by hand, and what is said."""

from __future__ import annotations

import socket
import stat
import subprocess
import threading
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from cli import CRMSYNC
from crm import served

SECRETS = ("access-", "na1-refresh", "yyyyyyyy-yyyy", "code-")


@pytest.fixture
def port():
    """One that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def crm(tmp_path, port):
    """An account with some contacts and an app, without a static token; the app's redirect address is ours."""
    with served(tmp_path, 20) as made:
        app = made.simulator.app
        app.redirect_uri = f"http://localhost:{port}/callback"
        environment = made.shell.environment
        environment |= {"HUBSPOT_CLIENT_ID": app.client_id, "HUBSPOT_CLIENT_SECRET": app.client_secret}
        del environment["HUBSPOT_TOKEN"]
        yield made


@pytest.fixture
def browser(crm, port):
    """`browser(answer)`: what a person does; `answer` makes the callback's parameters of the question's."""

    def visit(*words, **answer):
        process = crm.shell.start("auth", "hubspot", "--port", str(port), "--no-browser", *words)
        process.stdout.readline()
        asked = {key: values[0] for key, values in parse_qs(urlsplit(process.stdout.readline()).query).items()}
        reply = {"code": crm.simulator._oauth.authorize(), "state": asked["state"], **answer}
        try:
            with urlopen(f"{asked['redirect_uri']}?{urlencode(reply)}") as page:
                shown = page.read().decode()
        except HTTPError as error:
            with error:
                shown = f"HTTP {error.code}"
                process.terminate()
        out, err = process.communicate(timeout=60)
        return process.returncode, out + err, asked, shown

    return visit


def test_consent_in_the_browser_connects_checks_and_says_what_is_next(crm, browser):
    """Then a run needs nothing more."""
    status, told, asked, shown = browser()

    assert status == 0, told
    assert "hubspot is connected." in told and "ok   contact" in told
    assert "Next: crmsync run --connector hubspot" in told
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert "Go back to the terminal" in shown
    run = crm.sync("--stream", "contact")
    assert (run.returncode, crm.shell.query("SELECT count(*) AS n FROM hubspot.contact")) == (0, [{"n": 20}])


def test_no_secret_is_shown_or_kept_in_clear_text(crm, browser):
    """Neither the code, the tokens nor the client's secret, in outputs, the store and our files; the key is private."""
    status, told, _, shown = browser()
    run = crm.sync("--stream", "contact", CRMSYNC_DEBUG="1")

    assert (status, run.returncode) == (0, 0)
    files = [file for file in crm.shell.folder.rglob("*") if file.is_file()]
    everything = b"".join(file.read_bytes() for file in files) + f"{told}{shown}{run.stdout}{run.stderr}".encode()
    assert [secret for secret in SECRETS if secret.encode() in everything] == []
    (key,) = [file for file in files if file.name == "key"]
    assert f"A key was made, which seals this user's tokens: {key}" in told
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_an_answer_with_another_state_is_not_taken(crm, browser):
    """Somebody else's code would connect us to somebody else's account."""
    status, told, _, shown = browser(state="x" * 43)

    assert shown == "HTTP 400" and status != 0
    assert "is connected" not in told


def test_consent_that_is_refused_says_so(crm, browser):
    """Without a traceback, and nothing is kept."""
    status, told, _, _ = browser(code="", error="access_denied", error_description="the user said no\x1b[31m")

    assert status == 2
    assert "CS110" in told and "access_denied the user said no" in told and "\x1b[31m" not in told


def test_a_code_that_was_made_by_hand_is_read_from_a_pipe(crm):
    """So that it is in no list of processes; it is sent without a redirect address, which this CRM wants."""
    code, folder, environment = "code-canary-by-hand-0123456789", crm.shell.folder, crm.shell.environment
    command, pipes = [str(CRMSYNC), "auth", "hubspot", "--code", "-"], {"capture_output": True, "text": True}
    done = subprocess.run(command, cwd=folder, env=environment, input=f"{code}\n", check=False, **pipes)

    assert done.returncode == 2
    assert "redirect URI does not match" in done.stderr and "crmsync auth hubspot" in done.stderr
    assert "canary" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HUBSPOT_CLIENT_ID", "", "Set HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET: those of your app at HubSpot."),
        ("CRMSYNC_KEY", "short", "CRMSYNC_KEY, entry 1, is not the base64 of 32 bytes."),
        ("HUBSPOT_CLIENT_SECRET", "wrong", "missing or invalid client secret"),
    ],
)
def test_what_is_missing_or_wrong_is_said(crm, browser, variable, value, told):
    """With the variable that sets it."""
    crm.shell.environment[variable] = value
    if variable != "HUBSPOT_CLIENT_SECRET":  # the others are told before the question
        done = crm("auth", "hubspot", "--no-browser")
        status, text = done.returncode, done.stderr
    else:
        status, text, _, _ = browser()

    assert status == 2 and told in text and "Traceback" not in text


def test_a_static_token_that_is_used_instead_is_pointed_out(crm, browser):
    """Else a person wonders what they have connected."""
    crm.shell.environment["HUBSPOT_TOKEN"] = crm.simulator.options["token"]
    status, told, _, _ = browser()

    assert status == 0 and "Unset HUBSPOT_TOKEN: while it is set, it is used" in told


def test_a_port_that_is_taken_is_said(crm, port):
    """With the way to another one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = crm("auth", "hubspot", "--no-browser", "--port", str(port))

    assert done.returncode == 2 and "cannot be listened on" in done.stderr and "--port" in done.stderr


def test_a_connection_that_is_not_made_says_how(crm):
    """To `run` and to `check`."""
    for words in (("run", "--connector", "hubspot"), ("check", "--connector", "hubspot")):
        done = crm(*words)

        assert done.returncode == 2
        assert "hubspot is not connected yet." in done.stdout + done.stderr
        assert "Connect it: crmsync auth hubspot" in done.stdout + done.stderr


def test_a_refresh_token_of_the_environment_needs_no_browser(crm):
    """It is enough for a machine without one."""
    scopes = ("oauth", "crm.objects.contacts.read", "crm.objects.owners.read")
    crm.simulator.app.refresh_tokens["na1-refresh-from-elsewhere"] = scopes
    done = crm.sync("--stream", "contact", HUBSPOT_REFRESH_TOKEN="na1-refresh-from-elsewhere")
    again = crm.sync("--stream", "contact")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert [row["version"] for row in crm.shell.query("SELECT version FROM crmsync.secrets")] == [1]


def test_a_key_is_changed_by_putting_the_new_one_first(crm, browser):
    """And a lost one is told with the two ways out."""
    old, new = ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")
    crm.shell.environment["CRMSYNC_KEY"] = old
    browser()

    both, lost = (crm("check", "--connector", "hubspot", CRMSYNC_KEY=key) for key in (f"{new},{old}", new))
    assert (both.returncode, lost.returncode) == (0, 2)
    assert "CRMSYNC_KEY does not hold" in lost.stdout
    assert "Set CRMSYNC_KEY to the key that sealed them, or connect again: crmsync auth hubspot" in lost.stdout
    assert new not in lost.stdout + lost.stderr


def test_many_runs_at_once_make_one_key_and_one_token(crm):
    """The first use of a key and of a refresh token, by four processes."""
    crm.simulator.app.refresh_tokens["na1-refresh-from-elsewhere"] = ("oauth",)
    crm.shell.environment["HUBSPOT_REFRESH_TOKEN"] = "na1-refresh-from-elsewhere"
    done = []
    threads = [threading.Thread(target=lambda: done.append(crm("check", "--connector", "hubspot"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all("ok   account" in one.stdout for one in done), done
    assert crm.simulator.app.issued == 1
