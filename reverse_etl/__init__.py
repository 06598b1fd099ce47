"""Carries what the warehouse wants a CRM to show into that CRM: plan, show, apply, and a ledger of every answer."""
