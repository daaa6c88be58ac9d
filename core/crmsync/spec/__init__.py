"""Specs: YAML -> tree with places (yaml) -> all mistakes (check) -> values put in (bind) -> frozen model (build).

Nothing here talks to a provider or knows SQL; load.py is the only file that reads. Import what you need from the
modules: this file imports nothing, so that the command line starts fast.
"""
