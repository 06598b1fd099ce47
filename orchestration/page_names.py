"""What the words of the warehouse are called on a page: countries, industries, ranks, reasons of tiers, states of deliveries.

A word that is not listed, such as a stage or a topic of one's own, is shown as it stands.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """Languages that a page can be written in."""

    ENGLISH = "en"
    JAPANESE = "ja"


# ISO 3166-1 code, English, Japanese, as in the Unicode locale data.
_COUNTRIES: Final = """
AE|United Arab Emirates|アラブ首長国連邦
AR|Argentina|アルゼンチン
AT|Austria|オーストリア
AU|Australia|オーストラリア
BE|Belgium|ベルギー
BG|Bulgaria|ブルガリア
BR|Brazil|ブラジル
BY|Belarus|ベラルーシ
CA|Canada|カナダ
CH|Switzerland|スイス
CL|Chile|チリ
CN|China|中国
CO|Colombia|コロンビア
CZ|Czechia|チェコ
DE|Germany|ドイツ
DK|Denmark|デンマーク
EE|Estonia|エストニア
EG|Egypt|エジプト
ES|Spain|スペイン
FI|Finland|フィンランド
FR|France|フランス
GB|United Kingdom|英国
GE|Georgia|ジョージア
GR|Greece|ギリシャ
HK|Hong Kong|香港
HR|Croatia|クロアチア
HU|Hungary|ハンガリー
ID|Indonesia|インドネシア
IE|Ireland|アイルランド
IL|Israel|イスラエル
IN|India|インド
IS|Iceland|アイスランド
IT|Italy|イタリア
JP|Japan|日本
KE|Kenya|ケニア
KR|South Korea|韓国
LT|Lithuania|リトアニア
LU|Luxembourg|ルクセンブルク
LV|Latvia|ラトビア
MX|Mexico|メキシコ
MY|Malaysia|マレーシア
NG|Nigeria|ナイジェリア
NL|Netherlands|オランダ
NO|Norway|ノルウェー
NZ|New Zealand|ニュージーランド
PE|Peru|ペルー
PH|Philippines|フィリピン
PL|Poland|ポーランド
PT|Portugal|ポルトガル
RO|Romania|ルーマニア
RU|Russia|ロシア
SA|Saudi Arabia|サウジアラビア
SE|Sweden|スウェーデン
SG|Singapore|シンガポール
SI|Slovenia|スロベニア
SK|Slovakia|スロバキア
TH|Thailand|タイ
TR|Türkiye|トルコ
TW|Taiwan|台湾
UA|Ukraine|ウクライナ
US|United States|米国
VN|Vietnam|ベトナム
ZA|South Africa|南アフリカ
"""
_NAMES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "country": {
        code: (english, japanese)
        for code, english, japanese in (row.split("|") for row in _COUNTRIES.split("\n") if row)
    },
    "industry": {
        "chemicals & pharma": ("chemicals & pharma", "化学・医薬"),
        "construction & property": ("construction & property", "建設・不動産"),
        "diversified": ("diversified", "複合企業"),
        "energy & utilities": ("energy & utilities", "エネルギー・公益"),
        "financial services": ("financial services", "金融"),
        "food & agriculture": ("food & agriculture", "食品・農業"),
        "healthcare": ("healthcare", "医療・ヘルスケア"),
        "manufacturing": ("manufacturing", "製造"),
        "media & advertising": ("media & advertising", "メディア・広告"),
        "professional services": ("professional services", "専門サービス"),
        "public & education": ("public & education", "官公庁・教育"),
        "retail & consumer": ("retail & consumer", "小売・消費財"),
        "software & internet": ("software & internet", "ソフトウェア・インターネット"),
        "transport & logistics": ("transport & logistics", "運輸・物流"),
        "wholesale & distribution": ("wholesale & distribution", "卸売・流通"),
    },
    "seniority": {
        "C": ("executive", "役員"),
        "VP": ("vice president, head of division", "本部長級"),
        "DIR": ("director", "部長級"),
        "MGR": ("manager", "課長級"),
        "LEAD": ("team lead", "係長・主任級"),
        "IC": ("individual contributor", "担当者"),
        "NA": ("adviser, student or former", "顧問・学生など"),
    },
    "task_type": {
        "call": ("calls", "電話"),
        "email": ("e-mails", "メール"),
        "meeting": ("meetings", "会議・商談"),
        "other": ("other activities", "その他の活動"),
    },
    "state": {
        "sent": ("written", "書き込み済み"),
        "rejected": ("refused by the CRM", "CRM が拒否"),
        "withheld": ("not sent", "送信せず"),
        "conflict": ("kept: edited in the CRM", "CRM での編集を優先"),
        "planned": ("planned", "予定"),
        "in_flight": ("sent, answer pending", "送信済み・応答待ち"),
    },
    "match_rule": {
        "first_record": ("first record of the account", "最初のレコード"),
        "corporate_number": ("equal corporate number", "法人番号が一致"),
        "lei": ("equal LEI", "LEI が一致"),
        "duns": ("equal D-U-N-S number", "D-U-N-S 番号が一致"),
        "domain": ("equal domain", "ドメインが一致"),
        "name": ("name, corroborated", "名称と裏付け"),
        "domain_and_name": ("equal domain and name", "ドメインと名称が一致"),
        "domain_and_alias": ("equal domain and an alias", "ドメインと別名が一致"),
        "override": ("decided by a person", "人手による判断"),
    },
    "outcome": {
        "won": ("won", "受注"),
        "lost": ("lost", "失注"),
        "open": ("open", "進行中"),
    },
    "method": {"rules": ("business rules", "業務ルール")},
    "score": {
        "composite": ("Composite", "総合スコア"),
        "fit": ("Fit", "適合度"),
        "intent": ("Research intent", "調査意向"),
        "engagement": ("Engagement", "当社との接点"),
    },
}
_EVIDENCE: Final = {
    "domain": "ドメイン",
    "domain of several companies": "複数企業が使うドメイン",
    "the domain is a second one": "第二のドメイン",
    "name": "名称",
    "names equal": "名称が一致",
    "names alike": "名称が類似",
    "names in another order": "名称の語順が異なる",
    "names read alike": "名称の読みが同じ",
    "names a slip apart": "名称に誤字程度の差",
    "names agree in part": "名称が一部一致",
    "names differ": "名称が異なる",
    "names in two scripts, the domain is like neither": "名称の文字種が異なり、ドメインはどちらにも似ていない",
    "names in two scripts": "名称の文字種が異なる",
    "one name is shortened": "一方の名称が略記",
    "one name is a branch's": "一方の名称が拠点名",
    "one name is longer": "一方の名称が長い",
    "one name has more in front": "一方の名称の前に語が付く",
    "one name leaves letters out": "一方の名称に文字の省略",
    "one name is only the domain": "一方の名称がドメインのみ",
    "one has no name": "一方に名称がない",
    "two lists name it differently": "2 つのリストで名称が異なる",
    "the name is an alias": "名称が別名と一致",
    "several companies have this name": "同名の企業が複数",
    "rarity of the name": "名称の珍しさ",
    "alias": "別名",
    "country": "国",
    "address": "住所",
    "postal code": "郵便番号",
    "telephone": "電話",
    "legal form": "法人格",
    "equal corporate_number": "法人番号が一致",
    "equal lei": "LEI が一致",
    "equal duns": "D-U-N-S 番号が一致",
}
_PHRASE: Final = re.compile(rf"(^|; )({'|'.join(map(re.escape, sorted(_EVIDENCE, key=len, reverse=True)))})(?= |;|$)")
# Reasons that scoring.tiers gives, and the same in Japanese.
_TIER_REASONS: Final = tuple(
    (re.compile(pattern), japanese)
    for pattern, japanese in (
        (r"locked: open opportunity", "進行中の商談があるため固定"),
        (r"kept: rank (\d+) is within ([\d.e+]+)", r"維持：順位 \1（\2 位以内）"),
        (r"kept: day (\d+) of at least (\d+) in the tier", r"維持：ティア在籍 \1 日目（最低 \2 日）"),
        (r"left (.+): rank (\d+) is beyond ([\d.e+]+)", r"\1 から外れた：順位 \2（\3 位を超過）"),
        (r"left (.+): rank (\d+) gave way to a better account", r"\1 から外れた：順位 \2、上位の企業に枠を譲った"),
        (r"entered: rank (\d+) is within (\d+) slots", r"昇格：順位 \1（枠 \2 以内）"),
        (r"first assignment: rank (\d+) is within (\d+) slots", r"初回の割り当て：順位 \1（枠 \2 以内）"),
        (r"waits for a free slot of (.+): rank (\d+)", r"\1 の空き枠待ち：順位 \2"),
        (r"no composite score", "総合スコアがない"),
        (r"rank (\d+) is outside the slots of every better tier", r"順位 \1 は上位ティアの枠の外"),
        (
            r"new since (\d{4}-\d\d-\d\d): placed at the next weekly evaluation",
            r"\1 以降の新規：次の週次評価で割り当て",
        ),
    )
)


def name_of(kind: str, word: str | None, language: Language) -> str:
    """The word as a reader of the language calls it; itself when it is not listed, empty for null.

    Parameters
    ----------
    kind : country, industry, seniority, task_type, state, match_rule, outcome, method or score
    """
    if word is None:
        return ""
    names = _NAMES[kind].get(word)
    return word if names is None else names[language == Language.JAPANESE]


def tier_reason(text: str | None, language: Language) -> str:
    """Why an account is in its tier; the English sentence as it stands where no Japanese one is known."""
    if text is None or language == Language.ENGLISH:
        return text or ""
    for pattern, japanese in _TIER_REASONS:
        found = pattern.fullmatch(text)
        if found:
            return found.expand(japanese)
    return text


def match_evidence(text: str | None, language: Language) -> str:
    """What speaks for one company, such as `domain a.example +4.6; country JP +0.7`, with attributes named in the language."""
    if text is None or language == Language.ENGLISH:
        return text or ""
    return _PHRASE.sub(lambda found: found[1] + _EVIDENCE[found[2]], text)
