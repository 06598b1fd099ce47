"""Company names in a form in which equal companies have equal names.

Two forms come out: `normalised_name`, readable, without legal form, for people and for similarity; and `name_key`,
without spaces, kana length and old kanji, for equality. The legal form and the branch are kept: they are evidence too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from identity.rules import LegalForm

# Old and variant kanji with the form that is taken for both. 旧字体 of the joyo table plus variants met in company names.
_KANJI: Final = str.maketrans(
    "髙﨑澤齋齊邊邉濱濵國學廣眞櫻澁龍惠榮會實壽藏鐵鉄圓縣區關黑與寶氣來萬佛醫藥瀧嶋嶌德增橫淸淺靜曾產畫當發變讀賣豐戶禮稻穗"
    "冨舘舩靏靍鷗麵麪總經營應緣繪樂觀歸舊據擧峽敎曉勳藝劍檢縱從處敍燒乘條狀疊讓觸晉愼粹醉數聲專戰錢纖雙莊裝搜藏屬續體對臺擇單團"
    "斷遲癡晝鑄廳聽鎭轉傳燈黨獨屆貳腦霸拜賣髮拔祕濱拂竝辨瓣辯舖步穗寳彌譯豫餘搖樣謠覽亂兩獵綠壘淚勵靈隸齡戀爐勞樓祿灣",
    "高崎沢斎斉辺辺浜浜国学広真桜渋竜恵栄会実寿蔵鉄鉄円県区関黒与宝気来万仏医薬滝島島徳増横清浅静曽産画当発変読売豊戸礼稲穂"
    "富館船鶴鶴鴎麺麺総経営応縁絵楽観帰旧拠挙峡教暁勲芸剣検縦従処叙焼乗条状畳譲触晋慎粋酔数声専戦銭繊双荘装捜蔵属続体対台択単団"
    "断遅痴昼鋳庁聴鎮転伝灯党独届弐脳覇拝売髪抜秘浜払並弁弁弁舗歩穂宝弥訳予余揺様謡覧乱両猟緑塁涙励霊隷齢恋炉労楼禄湾",
)
# Kana whose spelling varies between writers of one name: キヤノン and キャノン, ヴ and ブ, ヂ and ジ.
_KANA: Final = str.maketrans("ァィゥェォッャュョヮヵヶヂヅヰヱヲヴ", "アイウエオツヤユヨワカケジズイエオブ")
_VU_TO: Final = {"ヴァ": "バ", "ヴィ": "ビ", "ヴェ": "ベ", "ヴォ": "ボ"}
_HIRAGANA: Final = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_ITERATION: Final = re.compile(r"(.)([々〻ゝゞヽヾ])")
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ё": "е", "ħ": "h", "ŋ": "n"}
)
_CIRCLED: Final = str.maketrans(
    {"㊑": "(株)", "㊒": "(有)", "㊓": "(社)", "㊔": "(名)", "㊕": "(特)", "㊖": "(財)", "㊨": "右"}
)
_QUOTES: Final = re.compile("['’‘ʼ`´′＇‛]")
_PLUS: Final = re.compile(r"\+")
_ACRONYM: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?|\b[^\W\d_](?:\.[^\W\d_])+\b")
_SLASH_FORM: Final = re.compile(r"\b([as])/([as])\b")
_LONG_VOWEL: Final = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−ｰ](?=[ァ-ヺー]|$|\s)")
_WORD: Final = re.compile(r"[^\W_]+(?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f\u1000-\u109f])*")
_MARKS: Final = re.compile(r"[\u0300-\u036f]")
_KATAKANA_DOT: Final = re.compile("[・･·‧]")
_FORMULA: Final = re.compile(r"^\s*[=@+\-][\w.]*[|(!]")
_MOJIBAKE: Final = re.compile("[ÂÃâãäåæçèéêëìíîïðñ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|\ufffd")
_BRANCH_WORD: Final = "|".join(
    (
        "支店", "支社", "支部", "営業所", "事業所", "事業部", "事業本部", "出張所", "工場", "本社", "本店", "分室",
        "駐在員事務所", "サービスセンター", "カスタマーセンター",
    )
)  # fmt: skip
_BRANCH: Final = re.compile(rf"^(?P<base>.*\S)\s+(?P<tail>\S*?(?:{_BRANCH_WORD}|日本法人|\S部|\S課))$")
_BRANCH_TAIL: Final = re.compile(rf"^\s*(?P<tail>\S*(?:{_BRANCH_WORD}))$")
_BRANCH_EN: Final = re.compile(
    r"^(?P<base>.*\S)\s+(?:-|–|—|,|\()\s*(?P<tail>(?:[\w.]+\s){0,3}(?:branch|office|plant|factory|headquarters|hq|dept|department|division))\)?$"
)
# Kana, kanji, Hangul and Thai: scripts that put no spaces between the words of a name, or need not.
UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u0e00-\u0e7f]")
_REPEATED: Final = re.compile(r"^(.)\1{2,}$")

SCRIPTS: Final = (
    ("latin", re.compile("[a-z]")),
    ("kana", re.compile("[ァ-ヺぁ-ゖ]")),
    ("han", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    ("cyrillic", re.compile("[Ѐ-ԯ]")),
    ("greek", re.compile("[Ͱ-Ͽ]")),
    ("hangul", re.compile("[가-힣]")),
    ("georgian", re.compile("[Ⴀ-ჿ]")),
    ("armenian", re.compile("[\u0530-\u058f]")),
    ("hebrew", re.compile("[\u0590-\u05ff]")),
    ("arabic", re.compile("[\u0600-\u06ff]")),
    ("thai", re.compile("[\u0e00-\u0e7f]")),
    ("indic", re.compile("[\u0900-\u0dff]")),
)


@dataclass(frozen=True)
class Name:
    """What one company name says.

    Attributes
    ----------
    normalised_name : readable text without legal form and branch; '' if the name says nothing
    name_key : the same for equality; '' if the name cannot be used for matching
    legal_form : canonical form, '' if none is written
    branch : branch or department tail that was cut off, '' if none
    scripts : bit set over `SCRIPTS`; 0 for digits only
    is_placeholder : the name stands for no company
    issues : why the name is not used, or was repaired
    """

    normalised_name: str = ""
    name_key: str = ""
    legal_form: str = ""
    branch: str = ""
    scripts: int = 0
    is_placeholder: bool = False
    issues: tuple[str, ...] = ()


class NameReader:
    """Reads company names by the legal forms and placeholders of the rules; remembers what it has read.

    Parameters
    ----------
    legal_forms : spellings with position
    placeholder_names : names that stand for no company; `*` stands for anything, `#` for digits
    max_length : characters; a longer name is kept but not used
    """

    def __init__(self, legal_forms: Sequence[LegalForm], placeholder_names: Sequence[str], max_length: int) -> None:
        self._max_length = max_length
        self._bracketed: list[tuple[str, str]] = []
        self._glued_forms: dict[str, str] = {}
        glued: dict[str, list[str]] = {"front": [], "behind": []}
        self._worded: dict[str, dict[tuple[str, ...], str]] = {"front": {}, "behind": {}}
        for form in sorted(legal_forms, key=lambda form: (-len(form.form), form.form, form.canonical_form)):
            self._add_form(form, glued)
        # Longest first, so that 股份有限公司 is not read as 有限公司.
        self._glued_front = re.compile("|".join(map(re.escape, glued["front"])) or r"(?!)")
        self._glued_behind = re.compile(f"(?:{'|'.join(map(re.escape, glued['behind'])) or '(?!)'})$")
        self._bracket_pattern = (
            re.compile("|".join(re.escape(text) for text, _ in self._bracketed)) if self._bracketed else None
        )
        self._bracket_forms = dict(self._bracketed)
        self._placeholder_keys: set[str] = set()
        patterns: list[str] = []
        for name in placeholder_names:
            folded = fold(name)
            if "*" in name or "#" in name:
                patterns.append(_placeholder_pattern(name))
            elif compact(folded):
                self._placeholder_keys.add(compact(folded))
            else:
                self._placeholder_keys.add(folded.strip())
        self._placeholder_pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
        self.read = lru_cache(maxsize=None)(self._read)

    def read_real(self, text: str) -> Name:
        """Read a name that is known to be a company's although others use it to fill a field."""
        base, legal_form, branch = self._strip(fold(text))
        normalised = " ".join(_words(base))
        return Name(normalised, compact(normalised), legal_form, branch, scripts_of(normalised))

    def _add_form(self, form: LegalForm, glued: dict[str, list[str]]) -> None:
        text = _fold_width(form.form)
        places = ("front", "behind") if form.position == "any" else (form.position,)
        if text.startswith("(") and text.endswith(")"):
            self._bracketed.append((text, form.canonical_form))
        elif UNSPACED.search(text):
            self._glued_forms.setdefault(text, form.canonical_form)
            for place in places:
                glued[place].append(text)
        else:
            words = tuple(_words(text))
            for place in places:
                if words:
                    self._worded[place].setdefault(words, form.canonical_form)

    def _read(self, text: str) -> Name:
        if not text or not text.strip():
            return Name(issues=("name_empty",))
        if len(text) > self._max_length:
            return Name(normalised_name=" ".join(fold(text[: self._max_length]).split()), issues=("name_too_long",))
        if _FORMULA.search(text):
            return Name(normalised_name=" ".join(_words(fold(text))), is_placeholder=True, issues=("name_is_formula",))
        issues: tuple[str, ...] = ()
        if _MOJIBAKE.search(text):
            repaired = _repair(text)
            if repaired is None:
                return Name(normalised_name=" ".join(_words(fold(text))), issues=("name_mojibake",))
            text, issues = repaired, ("name_mojibake_repaired",)
        folded = fold(text)
        if self._is_placeholder(folded):
            return Name(
                normalised_name=" ".join(_words(folded)), is_placeholder=True, issues=(*issues, "name_placeholder")
            )
        base, legal_form, branch = self._strip(folded)
        words = _words(base)
        if not words:
            return Name(issues=(*issues, "name_without_letters"))
        normalised = " ".join(words)
        key = compact(normalised)
        if self._is_placeholder_key(key):
            return Name(normalised_name=normalised, is_placeholder=True, issues=(*issues, "name_placeholder"))
        if not key:
            return Name(normalised_name=normalised, issues=(*issues, "name_without_letters"))
        return Name(normalised, key, legal_form, branch, scripts_of(normalised), False, issues)

    def _is_placeholder(self, folded: str) -> bool:
        if folded.strip() in self._placeholder_keys or self._is_placeholder_key(compact(folded)):
            return True
        text = " ".join(folded.split())
        return self._placeholder_pattern is not None and self._placeholder_pattern.fullmatch(text) is not None

    def _is_placeholder_key(self, key: str) -> bool:
        return key in self._placeholder_keys or (len(key) > 3 and _REPEATED.match(key) is not None)

    def _strip(self, folded: str) -> tuple[str, str, str]:
        """Name without legal forms and branch, the legal form, the branch."""
        legal_form = branch = ""
        if self._bracket_pattern is not None:
            found = self._bracket_pattern.search(folded)
            if found:
                legal_form = self._bracket_forms[found.group()]
                rest = folded[found.end() :]
                tail = _BRANCH_TAIL.match(rest)
                if tail and folded[: found.start()].strip():
                    folded, branch = folded[: found.start()], tail["tail"]
                else:
                    folded = f"{folded[: found.start()]} {rest}"
        folded = folded.strip()
        english = _BRANCH_EN.match(folded)
        if english:
            folded, branch = english["base"], english["tail"]
        japanese = _BRANCH.match(folded)
        if japanese:
            folded, branch = japanese["base"], japanese["tail"]
        folded, glued, tail_text = self._strip_glued(folded)
        folded, worded = self._strip_worded(folded)
        return folded, legal_form or glued or worded, branch or tail_text

    def _strip_glued(self, text: str) -> tuple[str, str, str]:
        if not UNSPACED.search(text):
            return text, "", ""
        legal_form = ""
        found = self._glued_behind.search(text)
        if found and _has_letter(text[: found.start()]):
            text, legal_form = text[: found.start()], self._glued_forms[found.group()]
        found = self._glued_front.match(text)
        if found and _has_letter(text[found.end() :]):
            text, legal_form = text[found.end() :], legal_form or self._glued_forms[found.group()]
        if legal_form:
            return text, legal_form, ""
        found = self._glued_front.search(text)
        tail = _BRANCH_TAIL.match(text[found.end() :]) if found else None
        if found and tail and _has_letter(text[: found.start()]):
            return text[: found.start()], self._glued_forms[found.group()], tail["tail"]
        return text, "", ""

    def _strip_worded(self, text: str) -> tuple[str, str]:
        words = _words(text)
        legal_form = ""
        # A name may end in several forms ("X Holdings Co., Ltd. (publ)"); four words is the longest form but one.
        for _ in range(3):
            size = next(
                (n for n in range(min(5, len(words) - 1), 0, -1) if tuple(words[-n:]) in self._worded["behind"]), 0
            )
            if not size:
                break
            legal_form = self._worded["behind"][tuple(words[-size:])]
            words = words[:-size]
        size = next((n for n in range(min(5, len(words) - 1), 0, -1) if tuple(words[:n]) in self._worded["front"]), 0)
        if size:
            legal_form = legal_form or self._worded["front"][tuple(words[:size])]
            words = words[size:]
        return " ".join(words), legal_form


def fold(text: str) -> str:
    """Text in one width, one case, modern kanji and without accents, control characters and iteration marks."""
    text = _fold_width(text)
    for mark in ("々", "〻", "ゝ", "ゞ", "ヽ", "ヾ"):
        if mark in text:
            text = _ITERATION.sub(_repeat, text)
            break
    return text.translate(_KANJI)


def compact(text: str) -> str:
    """Key for equality: no spaces, no 'the' or 'and', kana without length and size."""
    words = [word for word in _words(text) if word != "and"]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    key = "".join(words)
    if UNSPACED.search(key):
        key = key.translate(_HIRAGANA)
        key = re.sub("ヴ[ァィェォ]", lambda found: _VU_TO[found.group()], key)
        key = key.translate(_KANA).replace("ー", "")
    return key


def scripts_of(text: str) -> int:
    """Bit set of the scripts that occur, in the order of `SCRIPTS`; digits count for none."""
    if text.isascii():
        return 1 if SCRIPTS[0][1].search(text) else 0
    return sum(1 << bit for bit, (_, pattern) in enumerate(SCRIPTS) if pattern.search(text))


def _fold_width(text: str) -> str:
    text = text.translate(_CIRCLED)
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = _strip_accents(text.casefold()).translate(_LETTERS)
        text = "".join(
            " " if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else char for char in text
        )
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
        return _LONG_VOWEL.sub("ー", text)
    text = text.lower()
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def _strip_accents(text: str) -> str:
    # Latin and Greek only: in kana, Arabic and the Indic scripts the marks are letters.
    return "".join(
        _MARKS.sub("", unicodedata.normalize("NFD", char))
        if "\u00c0" <= char <= "\u03ff" or "\u1e00" <= char <= "\u1fff"
        else char
        for char in text
        if not "\u0300" <= char <= "\u036f"
    )


def _repeat(found: re.Match[str]) -> str:
    char, mark = found.groups()
    if mark in "ゞヾ":
        return char + unicodedata.normalize("NFC", char + "\u3099")
    return char + char


def _words(text: str) -> list[str]:
    text = _SLASH_FORM.sub(r"\1\2", text)
    text = _QUOTES.sub("", text)
    text = _ACRONYM.sub(lambda found: found.group().replace(".", ""), text)
    text = _KATAKANA_DOT.sub("" if UNSPACED.search(text) else " ", text)
    text = _PLUS.sub(" plus ", text.replace("&", " and "))
    return _WORD.findall(text)


def _has_letter(text: str) -> bool:
    return bool(_words(text))


def _repair(text: str) -> str | None:
    """Text whose UTF-8 bytes were read as Windows-1252, read rightly; None if that is not what happened."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _placeholder_pattern(name: str) -> str:
    parts = re.split(r"([*#])", _fold_width(name))
    meaning = {"*": ".*", "#": r"\d+"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)
