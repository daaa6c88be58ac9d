"""How the runtime gets at the simulator."""

import subprocess
import sys

import pluggy

import crmsync_zoho
from crmsync import hooks


def test_the_package_offers_a_sandbox():
    """The hook gives an org with that many contacts and no limits, and the options that reach it."""
    plugins = pluggy.PluginManager("crmsync")
    plugins.add_hookspecs(hooks)
    plugins.register(crmsync_zoho)
    simulator = plugins.hook.crmsync_sandbox(records=7, seed=3)
    assert len(simulator.ids("Contacts")) == 7
    assert list(simulator.options) == ["client_id", "client_secret", "refresh_token", "accounts_url"]
    assert simulator.switches.limits.on is False


def test_importing_the_package_loads_no_simulator():
    """Nothing is built before a sandbox is asked for."""
    code = "import sys, crmsync_zoho; print([name for name in sys.modules if 'simulator' in name or name == 'aiohttp'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
