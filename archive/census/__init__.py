"""Counts of peers by day and country."""
