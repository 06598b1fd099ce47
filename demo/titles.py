"""Job titles in Japanese and English, composed from function and seniority, and the role each stands for."""

from __future__ import annotations

import numpy as np

FUNCTIONS = ("it", "engineering", "security", "finance", "legal", "procurement", "executive", "operations", "hr",
             "marketing", "none")  # fmt: skip
FUNCTION_SHARES = (0.20, 0.14, 0.10, 0.09, 0.06, 0.07, 0.08, 0.10, 0.06, 0.07, 0.03)
SENIORITIES = ("C", "VP", "DIR", "MGR", "LEAD", "IC", "NA")
SENIORITY_SHARES = (0.07, 0.10, 0.19, 0.26, 0.13, 0.25)

_DEPARTMENTS_JA = {
    "it": ("情報システム部", "情シス部", "IT推進部", "システム企画部"),
    "engineering": ("開発部", "技術本部", "プロダクト開発部"),
    "security": ("情報セキュリティ部", "セキュリティ統括室", "サイバーセキュリティ部"),
    "finance": ("経理部", "財務部", "経理財務部"),
    "legal": ("法務部", "法務コンプライアンス部"),
    "procurement": ("購買部", "調達部", "資材部"),
    "executive": ("経営企画部", "経営戦略部"),
    "operations": ("業務部", "生産管理部", "店舗運営部"),
    "hr": ("人事部", "人事総務部"),
    "marketing": ("マーケティング部", "営業企画部"),
}
_RANKS_JA = {
    "VP": ("本部長",),
    "DIR": ("部長", "次長", "担当部長"),
    "MGR": ("課長", "マネージャー"),
    "LEAD": ("係長", "主任", "課長代理"),
    "IC": (" 担当", " スタッフ", ""),
}
_CHIEFS_JA = {
    "it": ("CIO", "最高情報責任者"), "engineering": ("CTO", "最高技術責任者"), "security": ("CISO", "最高情報セキュリティ責任者"),
    "finance": ("CFO", "最高財務責任者"), "legal": ("最高法務責任者",), "procurement": ("最高調達責任者",),
    "executive": ("代表取締役社長", "取締役副社長", "CEO"), "operations": ("最高執行責任者",), "hr": ("最高人事責任者",),
    "marketing": ("CMO", "最高マーケティング責任者"),
}  # fmt: skip
_DEPARTMENTS_EN = {
    "it": ("IT", "Information Systems", "Corporate IT", "IT Infrastructure"),
    "engineering": ("Engineering", "Software Development", "Platform Engineering"),
    "security": ("Information Security", "Cyber Security", "Security Operations"),
    "finance": ("Finance", "Accounting"),
    "legal": ("Legal", "Legal and Compliance"),
    "procurement": ("Procurement", "Purchasing", "Strategic Sourcing"),
    "executive": ("Corporate Planning", "Corporate Strategy"),
    "operations": ("Operations", "Production", "Store Operations"),
    "hr": ("Human Resources", "People"),
    "marketing": ("Marketing", "Sales Planning"),
}
_RANKS_EN = {
    "VP": ("VP {0}", "Vice President of {0}", "SVP, {0}"),
    "DIR": ("Director of {0}", "{0} Director", "Head of {0}"),
    "MGR": ("{0} Manager", "Senior Manager, {0}", "Manager, {0}"),
    "LEAD": ("{0} Team Lead", "{0} Lead"),
    "IC": ("{0} Analyst", "{0} Specialist", "{0} Coordinator"),
}
_CHIEFS_EN = {
    "it": ("CIO", "Chief Information Officer"), "engineering": ("CTO", "Chief Technology Officer"),
    "security": ("CISO", "Chief Information Security Officer"), "finance": ("CFO", "Chief Financial Officer"),
    "legal": ("General Counsel", "Chief Legal Officer"), "procurement": ("Chief Procurement Officer",),
    "executive": ("CEO", "Managing Director", "President"), "operations": ("COO", "Chief Operating Officer"),
    "hr": ("Chief Human Resources Officer",), "marketing": ("CMO", "Chief Marketing Officer"),
}  # fmt: skip
_NOBODY_JA = ("学生", "顧問", "研究生")
_NOBODY_EN = ("Student", "Advisor", "Intern")


RANK_ONLY_SHARE = 0.06  # Japanese cards typed as rank in one field and department in the other


def compose_title(function: str, seniority: str, is_japanese: bool, rng: np.random.Generator) -> tuple[str, str | None]:
    """A title as its holder would write it, and the department where that is a matter of its own."""
    if function == "none":
        return _one_of(_NOBODY_JA if is_japanese else _NOBODY_EN, rng), None
    if seniority == "C":
        return _one_of((_CHIEFS_JA if is_japanese else _CHIEFS_EN)[function], rng), None
    if not is_japanese:
        department = _one_of(_DEPARTMENTS_EN[function], rng)
        return _one_of(_RANKS_EN[seniority], rng).format(department), department
    department, rank = _one_of(_DEPARTMENTS_JA[function], rng), _one_of(_RANKS_JA[seniority], rng)
    if rank.strip() and rng.random() < RANK_ONLY_SHARE:
        return rank.strip(), department
    gap = "　" if rng.random() < 0.15 else ""
    return (department + gap + rank).strip(), department


def true_role(function: str, seniority: str) -> str:
    """The role in a purchase that a function and a seniority stand for.

    Notes
    -----
    Executives with a budget buy (EB); heads of IT and engineering decide (DM); their managers evaluate (TE); security,
    procurement, legal and finance each have their say; everybody else uses.
    """
    match function, seniority:
        case "none", _:
            return "NONE"
        case "it", "C" | "VP" | "DIR":
            return "DM"
        case "it", "MGR":
            return "TE"
        case "it", _:
            return "ADMIN"
        case "engineering", "C" | "VP" | "DIR":
            return "DM"
        case "engineering", _:
            return "TE"
        case "security", _:
            return "SEC"
        case "procurement", _:
            return "PROC"
        case "legal", _:
            return "LEGAL"
        case "finance", seniority_:
            return "EB" if seniority_ == "C" else "FIN"
        case "executive", _:
            return "EB"
        case "operations", "C":
            return "EB"
    return "USER"


def _one_of(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
