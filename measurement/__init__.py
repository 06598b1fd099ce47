"""Whether it helped: funnel rates at a fixed age, the win curve with open opportunities censored, the report page. Pure."""

from __future__ import annotations
