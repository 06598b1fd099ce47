"""The sales team of each chunk of companies, and one integration user for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.world import Bools, Chunk, Ints

_FIRST_TEAM = (
    ("SDR", "Asia/Tokyo", True), ("SDR", "Asia/Tokyo", True), ("SDR", "Europe/Dublin", True),
    ("SDR", "Europe/Dublin", True), ("AE", "Asia/Tokyo", True), ("AE", "Asia/Tokyo", True),
    ("AE", "Europe/Dublin", True), ("AE", "Europe/Dublin", True), ("Manager", "Asia/Tokyo", True),
    ("Manager", "Europe/Dublin", True), ("SDR", "Europe/Dublin", False), ("Integration", "Europe/Dublin", True),
)  # fmt: skip
_LATER_TEAM = (
    ("SDR", "Asia/Tokyo", True), ("SDR", "Europe/Dublin", True), ("AE", "Asia/Tokyo", True),
    ("AE", "Europe/Dublin", True),
)  # fmt: skip
_INTEGRATION_SERIAL = 11
INACTIVE_OWNER_SHARE = 0.02  # accounts still owned by somebody who left


@dataclass(frozen=True)
class Sellers:
    """Ids of one chunk's sellers by what they do, `[0]` outside Japan and `[1]` in Japan."""

    users: pa.Table
    sdr_ids: tuple[np.ndarray, np.ndarray]
    ae_ids: tuple[np.ndarray, np.ndarray]
    inactive_id: str | None
    integration_id: str

    def assign(self, ids: tuple[np.ndarray, np.ndarray], is_japanese: Bools, numbers: Ints) -> np.ndarray:
        """The seller of each company: always the same for the same number."""
        return np.where(is_japanese, ids[1][numbers % len(ids[1])], ids[0][numbers % len(ids[0])])


def make_sellers(chunk: Chunk) -> Sellers:
    """The sellers who look after one chunk's companies; the first chunk brings managers and the integration user."""
    team = _FIRST_TEAM if chunk.number == 0 else _LATER_TEAM
    serials = np.array([chunk.serial(position) for position in range(len(team))], dtype=np.int64)
    ids = identifiers.salesforce_ids("User", serials, chunk.world.seed)
    numbers = [chunk.number * 20 + position for position in range(len(team))]
    users = tables.table(
        "salesforce/User",
        {
            "Id": ids,
            "Name": [
                "Integration User"
                if role == "Integration"
                else f"Seller {'見本' if 'Tokyo' in zone else 'Sample'} {n:03d}"
                for n, (role, zone, _) in zip(numbers, team, strict=True)
            ],
            "Email": [f"seller.{number:03d}@vendor.example" for number in numbers],
            "IsActive": [active for _, _, active in team],
            "UserRoleName": [f"{role} Japan" if role == "AE" and "Tokyo" in zone else role for role, zone, _ in team],
            "TimeZoneSidKey": [zone for _, zone, _ in team],
        },
    )

    def of(role: str) -> tuple[np.ndarray, np.ndarray]:
        members = [
            np.flatnonzero([r == role and z == zone and a for r, z, a in team])
            for zone in ("Europe/Dublin", "Asia/Tokyo")
        ]
        return ids[members[0]], ids[members[1]]

    inactive = [position for position, (_, _, active) in enumerate(team) if not active]
    integration = identifiers.salesforce_ids("User", np.array([_INTEGRATION_SERIAL]), chunk.world.seed)
    return Sellers(users, of("SDR"), of("AE"), str(ids[inactive[0]]) if inactive else None, str(integration[0]))
