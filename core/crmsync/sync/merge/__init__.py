"""Merge: what the hub, a CRM and their last agreement say of a pair -> what becomes of it. Makes SQL, runs none."""

from crmsync.sync.merge.model import Group, MergeField, groups
from crmsync.sync.merge.settle import settle_sql
from crmsync.sync.merge.threeway import merge_sql
from crmsync.sync.merge.values import document

__all__ = ["Group", "MergeField", "document", "groups", "merge_sql", "settle_sql"]
