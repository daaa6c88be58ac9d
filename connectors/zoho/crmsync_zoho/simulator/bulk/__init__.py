"""Bulk jobs: exports to, and imports from, ZIP files of CSV."""
