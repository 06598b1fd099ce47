"""Joins the packages: Dagster definitions, resources, and the `abm` command."""
