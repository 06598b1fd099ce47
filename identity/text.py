"""Texts in comparable form: one width, one case, modern kanji; words; keys for equality; scripts.

Every function takes many texts and works on all of them at once (`identity.lines`). Those of ASCII have a faster way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import jaconv
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.lines import (
    CharacterMap,
    Flags,
    Ints,
    Texts,
    Words,
    column_of,
    has,
    is_all_ascii,
    joined,
    lines_of,
    listed,
    mapped,
    mapped_where,
    points_of,
    split_column,
    split_lines,
)

# Old and variant kanji with the form that is taken for both. 旧字体 of the joyo table plus variants met in company names.
_KANJI_PAIRS: Final = (
    ("髙﨑澤齋齊邊邉濱濵國學廣眞櫻澁龍惠榮會實壽藏鐵鉄圓縣區關黑與寶氣來萬佛醫藥瀧嶋嶌德增橫淸淺靜曾產畫當發變讀賣豐戶禮稻穗",
     "高崎沢斎斉辺辺浜浜国学広真桜渋竜恵栄会実寿蔵鉄鉄円県区関黒与宝気来万仏医薬滝島島徳増横清浅静曽産画当発変読売豊戸礼稲穂"),
    ("冨舘舩靏靍鷗麵麪總經營應緣繪樂觀歸舊據擧峽敎曉勳藝劍檢縱從處敍燒乘條狀疊讓觸晉愼粹醉數聲專戰錢纖雙莊裝搜藏屬續體對臺擇單團",
     "富館船鶴鶴鴎麺麺総経営応縁絵楽観帰旧拠挙峡教暁勲芸剣検縦従処叙焼乗条状畳譲触晋慎粋酔数声専戦銭繊双荘装捜蔵属続体対台択単団"),
    ("斷遲癡晝鑄廳聽鎭轉傳燈黨獨屆貳腦霸拜賣髮拔祕濱拂竝辨瓣辯舖步穗寳彌譯豫餘搖樣謠覽亂兩獵綠壘淚勵靈隸齡戀爐勞樓祿灣",
     "断遅痴昼鋳庁聴鎮転伝灯党独届弐脳覇拝売髪抜秘浜払並弁弁弁舗歩穂宝弥訳予余揺様謡覧乱両猟緑塁涙励霊隷齢恋炉労楼禄湾"),
    ("𠮷﨟臈", "吉臘臘"),
    ("嶽罐鷄鹽麥靑淵渊桒栁槇遙堯曻凛籠檜礪鑛砿竈蠣賴瀨穐埜峯鈎藪檮彥顏祥祐福賓神靖精飯飼館角辻逸都鄕隆類瓦",
     "岳缶鶏塩麦青渕渕桑柳槙遥尭昇凜篭桧砺鉱鉱竃蛎頼瀬秋野峰鉤薮梼彦顔祥祐福賓神靖精飯飼館角辻逸都郷隆類瓦"),
    ("攝假價氷佛儉兒冱凉勸勤卷參囑囘圍圖壓壞壯壹壻奧奬孃寢將尙峯嚴巖廢彈徑恆惡悅惱慘戲戾拂挾捨插攜收效敕晝曆朗梅橋歐步歷殘殺毆沒涉渴溫滯潛濕瀆爭犧犬狹玆甁畧當瘦盜眞礎禪穩穰竊粧糺絲絕縱繩續纎罰羣聯肅膽臟舍茲莖藤蟲蠶衞襃覺觀諸謁謄證譽豐贊贈踐輕轍辭逸遞邀釀釋鄰銳鍊鑒閱險隱雜難靑靜響頰飜餘騷驅驗體魯鷹麴點齒",
     "摂仮価氷仏倹児冱涼勧勤巻参嘱回囲図圧壊壮壱婿奥奨嬢寝将尚峰厳巌廃弾径恒悪悦悩惨戯戻払挟捨挿携収効勅昼暦朗梅橋欧歩歴残殺殴没渉渇温滞潜湿涜争犠犬狭玆瓶略当痩盗真礎禅穏穣窃粧糾糸絶縦縄続繊罰群連粛胆臓舎茲茎藤虫蚕衛褒覚観諸謁謄証誉豊賛贈践軽轍辞逸逓邀醸釈隣鋭錬鑑閲険隠雑難青静響頬翻余騒駆験体魯鷹麹点歯"),
)  # fmt: skip
_KANJI: Final = {old: new for olds, news in _KANJI_PAIRS for old, new in zip(olds, news, strict=True) if old != new} | {
    "斉": "斎",
    "齊": "斎",
}  # other names by the book, but writers mix them
# Kana whose spelling varies between writers of one name: キヤノン and キャノン, ヴ and ブ, ヂ and ジ.
# A long vowel mark is dropped.
_KANA: Final = dict(
    zip("ァィゥェォッャュョヮヵヶヂヅヰヱヲヴ", "アイウエオツヤユヨワカケジズイエオブ", strict=True)
) | {"ー": ""}
_VU: Final = re.compile("[ヴゔ][ァィェォぁぃぇぉ]")
_VU_TO: Final = dict(zip("ァィェォぁぃぇぉ", "バビベボバビベボ", strict=True))
_HIRAGANA: Final = {chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)}
_ITERATION: Final = re.compile(r"(.)([々〻ゝゞヽヾ])")
_ITERATION_MARKS: Final = "[々〻ゝゞヽヾ]"
# Kanji that a scanner or a hasty writer puts for a katakana of the same shape; only beside katakana.
_LOOKS_LIKE_KANA: Final = dict(zip("一口二力夕工八卜", "ーロニカタエハト", strict=True))
# In this and the next patterns the characters come first, and what has to stand before them is looked at from behind them:
# the engine leaps from one place where such a character stands to the next, and is many times as fast.
# 卜 and 夕 are rare in names; the others stand for themselves (大和ハウス工業) unless nothing but katakana is beside them.
# No word begins with a long vowel mark.
_KANJI_BESIDE_KANA: Final = re.compile(
    r"[卜夕](?:(?<=[ァ-ヺー].)|(?=[ァ-ヺー]))|一(?<=[ァ-ヺー].)(?=[ァ-ヺー\n]|\Z)|"
    r"[口二力工八](?:(?<=[ァ-ヺー].)(?=[ァ-ヺー\n]|\Z)|(?:(?<=\n.)|(?<=\A.))(?=[ァ-ヺー]))"
)
_LETTERS: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ё": "е", "ħ": "h", "ŋ": "n",
}  # fmt: skip
_CIRCLED: Final = {"㊑": "(株)", "㊒": "(有)", "㊓": "(社)", "㊔": "(名)", "㊕": "(特)", "㊖": "(財)", "㊨": "右"}
_QUOTES: Final = frozenset("'’‘ʼ`´′＇‛")
_INITIALS: Final = re.compile(r"\b(?:[^\W\d_]\.[^\S\n]+)+(?=[^\W\d_]\.)")
_ACRONYM: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?|\b[^\W\d_](?:\.[^\W\d_])+\b")
_PLUS_BETWEEN: Final = re.compile(r"(?<=[^\W_])[^\S\n]*\+[^\S\n]*(?=[^\W_])")
_SLASH_FORM: Final = re.compile(r"\b([as])/([as])\b")
_LETTER_BEFORE_DOT: Final = r"(?:^|[^A-Za-z0-9_])[A-Za-z]\."
_LONG_VOWEL: Final = re.compile(r"[-‐‑‒–—―−ｰ](?<=[ァ-ヺー].)(?=[ァ-ヺー\s]|\Z)")
_KATAKANA_DOTS: Final = "[・･·‧]"
_KATAKANA_DOT: Final = re.compile(_KATAKANA_DOTS)
_MARK_RANGES: Final = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f\u1000-\u109f"
_WORD_CHARACTER: Final = re.compile(rf"[^\W_]|[{_MARK_RANGES}]")
_MARKS: Final = f"[{_MARK_RANGES}]"
_MARK: Final = re.compile(_MARKS)
_LEADING_MARKS: Final = re.compile(rf"(?:(?<=\s)|\A)(?:(?=\W)[{_MARK_RANGES}])+")
# Kana, kanji, Hangul and Thai: scripts that put no spaces between the words of a name, or need not.
UNSPACED_LETTERS: Final = "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u0e00-\u0e7f]"
UNSPACED: Final = re.compile(UNSPACED_LETTERS)

_SCRIPT_LETTERS: Final = {
    "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќѕ": (
        "a b v g d e zh z i y k l m n o p r s t u f h ts ch sh sht a y - e yu ya i yi ye g u dj j lj nj c dz g k dz"
    ),
    "αβγδεζηθικλμνξοπρσςτυφχψω": "a v g d e z i th i k l m n x o p r s s t y f ch ps o",
    "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ": ("a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h"),
}
_ROMAN_LETTERS: Final = str.maketrans(
    {
        letter: roman
        for letters, romans in _SCRIPT_LETTERS.items()
        for letter, roman in zip(letters, romans.split(), strict=True)
    }
    | {"-": ""}
)
_TWO_LETTERS: Final = {
    "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe",
}  # fmt: skip
# A character that stands in no text.
_SMALL_TSU: Final = "\ufdd0"
_TSU_ALONE: Final = re.compile(rf"(?:^|(?<=\n)){_SMALL_TSU}|{_SMALL_TSU}(?={_SMALL_TSU}|\n|\Z)")
_TSU_BEFORE: Final = re.compile(f"{_SMALL_TSU}(.)")
_SPELLED_OUT: Final = re.compile("|".join(_TWO_LETTERS))

# Name of a script, and the ranges of its letters in folded text.
SCRIPTS: Final = (
    ("latin", (("a", "z"),)),
    ("kana", (("ァ", "ヺ"), ("ぁ", "ゖ"))),
    ("han", (("\u3400", "\u9fff"), ("\uf900", "\ufaff"))),
    ("cyrillic", (("Ѐ", "ԯ"),)),
    ("greek", (("Ͱ", "Ͽ"),)),
    ("hangul", (("가", "힣"),)),
    ("georgian", (("Ⴀ", "ჿ"),)),
    ("armenian", (("\u0530", "\u058f"),)),
    ("hebrew", (("\u0590", "\u05ff"),)),
    ("arabic", (("\u0600", "\u06ff"),)),
    ("thai", (("\u0e00", "\u0e7f"),)),
    ("indic", (("\u0900", "\u0dff"),)),
)
SCRIPT_BITS: Final = {name: 1 << bit for bit, (name, _) in enumerate(SCRIPTS)}


def _script_table() -> NDArray[np.uint16]:
    # Above the basic plane there are rare kanji only, as far as company names go.
    table = np.zeros(0x10000, np.uint16)
    for name, ranges in SCRIPTS:
        for first, last in ranges:
            table[ord(first) : ord(last) + 1] |= SCRIPT_BITS[name]
    return table


_SCRIPT_TABLE: Final = _script_table()
_SCRIPTS_OF_POINT: Final[list[int]] = _SCRIPT_TABLE.tolist()
# Whether a character may join others in NFKC, learned as characters are met.
_UNMET, _STAYS, _JOINS = range(3)
_STATE_OF_POINT: Final = np.zeros(0x110000, np.uint8)


def fold_all(texts: Sequence[str]) -> list[str]:
    """Each text in one width, one case, modern kanji and without accents, control characters and iteration marks."""
    return listed(folded(column_of(texts)))


def words_all(texts: Sequence[str]) -> list[str]:
    """Words of each folded text with one space between; without quotes, dots of acronyms and punctuation."""
    return listed(split_all(column_of(texts)).joined())


def keys_all(words: Sequence[str]) -> list[str]:
    """Key for equality of each text of words: no spaces, no 'the' or 'and', kana without length and size."""
    return listed(keys_of(split_column(column_of(words))))


def folded(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Column of what `fold_all` makes of each text."""
    if is_all_ascii(texts):
        return mapped(texts, lambda text: _FOLDED_ASCII.map(text.lower()))
    texts = mapped(texts, _fold_any)
    return mapped_where(texts, has(texts, _ITERATION_MARKS), lambda text: _ITERATION.sub(_repeat, text))


def split_all(texts: pa.LargeStringArray) -> Words:
    """Words of each folded text, without quotes, dots of acronyms and punctuation."""
    if not len(texts):
        return split_column(texts)
    is_ascii = is_all_ascii(texts)
    if not is_ascii:
        texts = mapped_where(texts, has(texts, _KATAKANA_DOTS), _without_katakana_dots)
    # Smith+Nephew, but Green+
    texts = mapped_where(texts, has(texts, r"\+"), lambda text: _PLUS_BETWEEN.sub(" and ", text))
    texts = mapped_where(texts, has(texts, "/"), lambda text: _SLASH_FORM.sub(r"\1\2", text))
    texts = mapped_where(texts, has(texts, _LETTER_BEFORE_DOT if is_ascii else r"\."), _join_acronyms)
    text = _IN_WORDS.map(joined(texts))
    if not is_ascii and _MARK.search(text):
        texts = lines_of(text)
        text = joined(mapped_where(texts, has(texts, _MARKS), lambda lines: _LEADING_MARKS.sub("", lines)))
    return split_lines(text, join_letters=True)


def keys_of(words: Words) -> pa.LargeStringArray:
    """Key for equality of the words of each text, as `keys_all` makes it."""
    words = words.kept(~words.are("and"))
    is_left_out = np.zeros(len(words.texts), dtype=bool)
    first = words.starts[:-1][np.diff(words.starts) > 1]
    is_left_out[first] = words.are("the")[first]
    keys = words.kept(~is_left_out).joined("")
    return keys if is_all_ascii(keys) else mapped(keys, _key_any)


def scripts_all(texts: Texts) -> Ints:
    """(n,) bit sets of the scripts that occur, in the order of `SCRIPTS`; digits count for none."""
    if not len(texts):
        return np.zeros(0, np.int64)
    points = points_of(joined(column_of(texts)) + "\n")
    bits = _SCRIPT_TABLE[np.minimum(points, len(_SCRIPT_TABLE) - 1)]
    bits[points >= len(_SCRIPT_TABLE)] = SCRIPT_BITS["han"]
    ends = np.flatnonzero(points == ord("\n"))
    starts = np.r_[0, ends[:-1] + 1]
    return np.bitwise_or.reduceat(bits, starts).astype(np.int64)


def are_unspaced(texts: pa.LargeStringArray) -> Flags:
    """(n,) whether each text has letters of `UNSPACED`."""
    return np.zeros(len(texts), dtype=bool) if is_all_ascii(texts) else has(texts, UNSPACED_LETTERS)


def transliterate(text: str) -> str:
    """Write a folded text in Latin letters: from kana, Cyrillic, Greek, Georgian; '' from other scripts."""
    text = text if text.isascii() else _in_latin_letters(text)
    return "" if scripts_of(text) & ~SCRIPT_BITS["latin"] else text


def transliterated(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Column of what `transliterate` makes of each of the texts, none of which is ASCII."""
    texts = mapped(texts, _in_latin_letters)
    is_read = (scripts_all(texts) & ~SCRIPT_BITS["latin"]) == 0
    return pc.if_else(pa.array(is_read), texts, "")


def spelled_out(texts: pa.LargeStringArray) -> tuple[Ints, pa.LargeStringArray]:
    """Places of the texts with umlauts and their like, and those texts with the two letters that stand for them."""
    places = np.flatnonzero(has(texts, "|".join(_TWO_LETTERS)))
    of_places = texts.take(pa.array(places))
    return places, mapped(of_places, lambda text: _SPELLED_OUT.sub(lambda found: _TWO_LETTERS[found.group()], text))


def fold(text: str) -> str:
    """Text in one width, one case, modern kanji and without accents, control characters and iteration marks."""
    return fold_all([text])[0]


def compact(text: str) -> str:
    """Key for equality of a folded text."""
    return keys_all(words_all([text]))[0]


def scripts_of(text: str) -> int:
    """Bit set of the scripts that occur, in the order of `SCRIPTS`; digits count for none."""
    bits = 0
    for char in set(text):
        bits |= _SCRIPTS_OF_POINT[ord(char)] if char <= "\uffff" else SCRIPT_BITS["han"]
    return bits


def composed(text: str) -> str:
    """Lines of a text in the normal form NFKC."""
    # Most characters that change at all do so whatever stands beside them, and to normalise a text takes a hundred times as long.
    text = _COMPATIBLE.map(text)
    if not _may_join_any(text):
        return text
    return "\n".join(
        [
            line if line.isascii() or unicodedata.is_normalized("NFKC", line) else unicodedata.normalize("NFKC", line)
            for line in text.split("\n")
        ]
    )


def _compatible(char: str) -> str:
    """Character in NFKC; itself if it may join the one before it, or become one that may."""
    made = unicodedata.normalize("NFKC", char)
    return char if any(map(_may_join, (char, *made))) else made


def _may_join(char: str) -> bool:
    """Whether a character may become one with that before it in NFKC."""
    return unicodedata.category(char).startswith("M") or "\u1100" <= char <= "\u11ff"


def _may_join_any(text: str) -> bool:
    """Whether a text has characters that may join others, or are not in NFKC by themselves."""
    points = points_of(text)
    for point in np.unique(points[_STATE_OF_POINT[points] == _UNMET]).tolist():
        stays = not _may_join(chr(point)) and unicodedata.is_normalized("NFKC", chr(point))
        _STATE_OF_POINT[point] = _STAYS if stays else _JOINS
    return bool((_STATE_OF_POINT[points] == _JOINS).any())


def _fold_any(text: str) -> str:
    if any(char in text for char in _CIRCLED):
        text = text.translate({ord(char): form for char, form in _CIRCLED.items()})
    return _LONG_VOWEL.sub("ー", _FOLDED.map(composed(text)))


def _without_katakana_dots(text: str) -> str:
    return "\n".join([_KATAKANA_DOT.sub("" if UNSPACED.search(line) else " ", line) for line in text.split("\n")])


def _join_acronyms(text: str) -> str:
    """Texts with A.B.C. as ABC."""
    text = _INITIALS.sub(lambda found: "".join(found.group().split()), text)
    return _ACRONYM.sub(lambda found: found.group().replace(".", ""), text)


def _word_character(char: str) -> str:
    if char in _QUOTES:
        return ""
    if char in "+&":
        return " plus " if char == "+" else " and "
    return char if char == "\n" or _WORD_CHARACTER.match(char) else " "


def _key_any(text: str) -> str:
    if any(char in text for char in _LOOKS_LIKE_KANA):
        text = _KANJI_BESIDE_KANA.sub(lambda found: _LOOKS_LIKE_KANA[found.group()], text)
    if "ヴ" in text or "ゔ" in text:
        text = _VU.sub(lambda found: _VU_TO[found.group()[1]], text)
    return _IN_KEYS.map(text)


def _key_character(char: str) -> str:
    char = _HIRAGANA.get(char, char)
    return _KANA.get(char, char)


def _fold_character(char: str) -> str:
    if char == "\n":
        return char
    # Latin and Greek only: in kana, Arabic and the Indic scripts the marks are letters.
    if "\u0300" <= char <= "\u036f":
        return ""
    if "\u00c0" <= char <= "\u03ff" or "\u1e00" <= char <= "\u1fff":
        char = "".join(part for part in unicodedata.normalize("NFD", char) if not "\u0300" <= part <= "\u036f")
    category = unicodedata.category(char) if len(char) == 1 else ""
    if category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return " "
    if category == "Cf":
        return ""
    return _KANJI.get(char) or _LETTERS.get(char) or char


def _repeat(found: re.Match[str]) -> str:
    char, mark = found.groups()
    if mark in "ゞヾ":
        return char + unicodedata.normalize("NFC", char + "\u3099")
    return char + char


def _in_latin_letters(text: str) -> str:
    """Lines of a text in Latin letters as far as they can be."""
    hiragana = jaconv.kata2hira(text.replace("ου", "ou"))
    # What a small tsu becomes hangs on the beginning and end of a text, and jaconv knows one text only.
    text = jaconv.kana2alphabet(hiragana.replace("っ", _SMALL_TSU))
    text = _TSU_ALONE.sub("xtsu", text)
    text = _TSU_BEFORE.sub(r"\1\1", text)
    return text.translate(_ROMAN_LETTERS).replace("ー", "")


_COMPATIBLE: Final = CharacterMap(_compatible)
_FOLDED_ASCII: Final = CharacterMap(_fold_character)
_FOLDED: Final = CharacterMap(lambda char: "".join(map(_fold_character, char.casefold())))
_IN_WORDS: Final = CharacterMap(_word_character)
_IN_KEYS: Final = CharacterMap(_key_character)
