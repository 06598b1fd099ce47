"""A local Salesforce emulator over real HTTP on loopback. It is not Salesforce, and every reply says so."""
