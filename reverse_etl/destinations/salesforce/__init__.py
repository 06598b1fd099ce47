"""Salesforce as a destination and a source: session, describe, read, write, and the metadata that an org needs."""
