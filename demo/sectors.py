"""The small lists behind a company: industries, countries, technologies, and their plain distributions."""

from __future__ import annotations

from dataclasses import dataclass

INDUSTRIES = (
    "financial services", "software & internet", "manufacturing", "healthcare", "retail & consumer",
    "construction & property", "transport & logistics", "energy & utilities", "professional services",
    "wholesale & distribution",
)  # fmt: skip
"""Industries of the demo, as groups."""

INDUSTRY_SHARES = (0.11, 0.15, 0.20, 0.09, 0.12, 0.09, 0.08, 0.04, 0.07, 0.05)

INDUSTRY_WORDINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "financial services": (("Financial Services", "Banking", "Insurance"), ("証券業", "保険業", "その他金融業")),
    "software & internet": (("Software", "Information Technology", "Internet"), ("情報・通信業", "ソフトウェア")),
    "manufacturing": (("Manufacturing", "Machinery"), ("製造業", "電気機器", "機械")),
    "healthcare": (("Healthcare", "Health"), ("医療",)),
    "retail & consumer": (("Retail", "Consumer Goods"), ("小売業",)),
    "construction & property": (("Construction", "Real Estate"), ("建設業", "不動産業")),
    "transport & logistics": (("Transport", "Logistics"), ("陸運業", "倉庫・運輸関連業")),
    "energy & utilities": (("Energy", "Utilities"), ("電気・ガス業",)),
    "professional services": (("Professional Services", "Consulting"), ("サービス業",)),
    "wholesale & distribution": (("Wholesale", "Distribution"), ("卸売業",)),
}
"""How sources word an industry, in English and in Japanese."""


@dataclass(frozen=True)
class Country:
    """Where a company sits: code, spellings in use, regions (the first is the capital's), share of companies."""

    code: str
    spellings: tuple[str, ...]
    regions: tuple[str, ...]
    share: float
    forms: tuple[str, ...]


COUNTRIES = (
    Country(
        code="JP",
        spellings=("JP", "Japan", "日本"),
        regions=("東京都", "大阪府", "愛知県", "福岡県", "北海道", "宮城県"),
        share=0.50,
        forms=("株式会社", "合同会社"),
    ),
    Country(
        code="IE",
        spellings=("IE", "Ireland", "Republic of Ireland"),
        regions=("Dublin", "Cork", "Galway", "Limerick"),
        share=0.20,
        forms=("Ltd", "DAC", "plc"),
    ),
    Country(
        code="GB",
        spellings=("GB", "UK", "United Kingdom"),
        regions=("London", "Manchester", "Leeds", "Scotland"),
        share=0.15,
        forms=("Ltd", "plc", "LLP"),
    ),
    Country(
        code="US",
        spellings=("US", "USA", "United States"),
        regions=("New York", "California", "Texas", "Ohio"),
        share=0.15,
        forms=("Inc.", "LLC", "Corp."),
    ),
)
"""Countries of the demo."""

JAPAN = 0  # position of Japan in COUNTRIES
REGION_SHARES = (0.45, 0.2, 0.12, 0.1, 0.08, 0.05)


@dataclass(frozen=True)
class Technology:
    """An invented product: its name, what it is for, and how often a company of middle size runs it."""

    name: str
    category: str
    share: float
    log_size_slope: float


TECHNOLOGIES = (
    Technology("Latchkey SSO", "identity", 0.30, 0.7),
    Technology("Emberlog SIEM", "security", 0.20, 0.9),
    Technology("Granary ERP", "erp", 0.35, 0.6),
    Technology("Oldmill Directory", "legacy directory", 0.30, 0.2),
    Technology("Driftcloud", "cloud", 0.30, 0.0),
    Technology("Papertrellis Wiki", "collaboration", 0.25, 0.0),
    Technology("Quillmail", "marketing automation", 0.20, 0.0),
    Technology("Tallybird Analytics", "analytics", 0.22, 0.0),
    Technology("Stallfront Commerce", "commerce", 0.12, 0.0),
    Technology("Helpheron Desk", "support", 0.20, 0.0),
)
"""Invented products that a scan finds at a company's domain."""

SSO, SIEM, ERP, LEGACY = 0, 1, 2, 3  # positions in TECHNOLOGIES that the truth depends on
