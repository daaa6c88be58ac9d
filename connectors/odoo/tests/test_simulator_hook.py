"""How the runtime gets at the simulator."""

import subprocess
import sys

import pluggy

import crmsync_odoo
from crmsync import hooks


def test_the_package_offers_a_sandbox():
    """The hook gives a server with that many contacts, and the options that reach it."""
    plugins = pluggy.PluginManager("crmsync")
    plugins.add_hookspecs(hooks)
    plugins.register(crmsync_odoo)
    simulator = plugins.hook.crmsync_sandbox(records=7, seed=3)
    contacts = simulator.ids("res.partner", [["is_company", "=", False], ["type", "=", "contact"], ["id", ">", 100]])
    assert len(contacts) == 7
    assert list(simulator.options) == ["database", "login", "api_key", "size_field", "rate"]


def test_the_package_loads_the_simulator_only_when_asked():
    """Looking at the connector must not cost the import of a server."""
    code = "import sys, crmsync_odoo; print('crmsync_odoo.simulator' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
