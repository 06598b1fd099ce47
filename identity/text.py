"""Texts in comparable form: one width, one case, modern kanji; words; keys for equality; scripts.

Every function takes many texts and works on all of them at once, joined by line feeds: a pass of the regular-expression engine
over one long text costs a small part of what as many calls over short texts do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

import jaconv
import numpy as np
from numpy.typing import NDArray

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
_ITERATION_MARKS: Final = "々〻ゝゞヽヾ"
# Kanji that a scanner or a hasty writer puts for a katakana of the same shape; only beside katakana.
_LOOKS_LIKE_KANA: Final = dict(zip("一口二力夕工八卜", "ーロニカタエハト", strict=True))
_KANJI_BESIDE_KANA: Final = re.compile("(?:(?<=[ァ-ヺー])[一口二力夕工八卜]|[口二力夕工八卜](?=[ァ-ヺー]))")
_LETTERS: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ё": "е", "ħ": "h", "ŋ": "n",
}  # fmt: skip
_CIRCLED: Final = {"㊑": "(株)", "㊒": "(有)", "㊓": "(社)", "㊔": "(名)", "㊕": "(特)", "㊖": "(財)", "㊨": "右"}
_QUOTES: Final = frozenset("'’‘ʼ`´′＇‛")
_INITIALS: Final = re.compile(r"\b(?:[^\W\d_]\.[^\S\n]+)+(?=[^\W\d_]\.)")
_ACRONYM: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?|\b[^\W\d_](?:\.[^\W\d_])+\b")
_SINGLE_LETTERS: Final = re.compile(r"\b([a-z]) (?=[a-z]\b)")
_PLUS_BETWEEN: Final = re.compile(r"(?<=[^\W_])[^\S\n]*\+[^\S\n]*(?=[^\W_])")
_SLASH_FORM: Final = re.compile(r"\b([as])/([as])\b")
_LONG_VOWEL: Final = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−ｰ](?=[ァ-ヺー\s]|\Z)")
_KATAKANA_DOT: Final = re.compile("[・･·‧]")
_MARK_RANGES: Final = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f\u1000-\u109f"
_WORD_CHARACTER: Final = re.compile(rf"[^\W_]|[{_MARK_RANGES}]")
_LEADING_MARKS: Final = re.compile(rf"(?:(?<=\s)|\A)(?:(?=\W)[{_MARK_RANGES}])+")
# Kana, kanji, Hangul and Thai: scripts that put no spaces between the words of a name, or need not.
UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u0e00-\u0e7f]")

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
# What each character met so far becomes.
# A character that a table lacks costs an exception inside str.translate, so they are complete.
_folded: dict[int, str] = {}
_word_characters: dict[int, str] = {}
_key_characters: dict[int, str] = {}


def fold_all(texts: Sequence[str]) -> list[str]:
    """Each text in one width, one case, modern kanji and without accents, control characters and iteration marks."""
    return _in_two_parts(texts, lambda text: _map_characters(text.lower(), _folded, _fold_character), _fold_any)


def words_all(folded: Sequence[str]) -> list[str]:
    """Words of each folded text with one space between; without quotes, dots of acronyms and punctuation."""
    # A O Smith and AO Smith
    return [
        _SINGLE_LETTERS.sub(r"\1", words) if " " in words and _SINGLE_LETTERS.search(words) else words
        for words in (" ".join(line.split()) for line in _in_two_parts(folded, _words_ascii, _words_any))
    ]


def keys_all(words: Sequence[str]) -> list[str]:
    """Key for equality of each text of words: no spaces, no 'the' or 'and', kana without length and size."""
    lines = []
    for line in words:
        if " " in line:
            parts = line.split(" ")
            if "and" in parts:
                parts = [part for part in parts if part != "and"]
            if len(parts) > 1 and parts[0] == "the":
                del parts[0]
            line = "".join(parts)
        elif line == "and":
            line = ""
        lines.append(line)
    return _in_two_parts(lines, lambda text: text, _key_any)


def scripts_all(texts: Sequence[str]) -> NDArray[np.int64]:
    """(n,) bit sets of the scripts that occur, in the order of `SCRIPTS`; digits count for none."""
    if not texts:
        return np.zeros(0, np.int64)
    text = "\n".join(texts) + "\n"
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    bits = np.where(
        codes < len(_SCRIPT_TABLE), _SCRIPT_TABLE[np.minimum(codes, len(_SCRIPT_TABLE) - 1)], SCRIPT_BITS["han"]
    )
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.r_[0, ends[:-1] + 1]
    return np.bitwise_or.reduceat(bits, starts).astype(np.int64)


def transliterate(text: str) -> str:
    """Write a folded text in Latin letters: from kana, Cyrillic, Greek, Georgian; '' from other scripts."""
    if not text.isascii():
        text = (
            jaconv.kana2alphabet(jaconv.kata2hira(text.replace("ου", "ou"))).translate(_ROMAN_LETTERS).replace("ー", "")
        )
    return "" if scripts_of(text) & ~SCRIPT_BITS["latin"] else text


def spelled_out(text: str) -> str:
    """Text with umlauts and their like as the two letters that stand for them; the text itself if it has none."""
    return _SPELLED_OUT.sub(lambda found: _TWO_LETTERS[found.group()], text)


def lines_with(pattern: re.Pattern[str], texts: Sequence[str]) -> list[int]:
    """Places of the texts in which a pattern is found that does not reach across line feeds."""
    text = _join(texts)
    places: list[int] = []
    line = last = 0
    for found in pattern.finditer(text):
        line += text.count("\n", last, found.start())
        last = found.start()
        if not places or places[-1] != line:
            places.append(line)
    return places


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


def _join(texts: Sequence[str]) -> str:
    text = "\n".join(texts)
    if text.count("\n") >= len(texts):
        text = "\n".join(one.replace("\n", " ") for one in texts)
    return text


def _in_two_parts(
    texts: Sequence[str], ascii_function: Callable[[str], str], function: Callable[[str], str]
) -> list[str]:
    """What the functions give for all texts at once: ASCII has a faster one."""
    result = list(texts)
    is_ascii = [text.isascii() for text in texts]
    for wanted, of_part in ((True, ascii_function), (False, function)):
        places = [at for at, flag in enumerate(is_ascii) if flag is wanted]
        if places:
            lines = of_part(_join([texts[at] for at in places])).split("\n")
            for at, line in zip(places, lines, strict=True):
                result[at] = line
    return result


def _fold_any(text: str) -> str:
    if any(char in text for char in _CIRCLED):
        text = text.translate({ord(char): form for char, form in _CIRCLED.items()})
    text = _map_characters(unicodedata.normalize("NFKC", text).casefold(), _folded, _fold_character)
    text = _LONG_VOWEL.sub("ー", text)
    if any(mark in text for mark in _ITERATION_MARKS):
        text = _ITERATION.sub(_repeat, text)
    return text


def _words_ascii(text: str) -> str:
    if "+" in text:
        # Smith+Nephew, but Green+
        text = _PLUS_BETWEEN.sub(" and ", text)
    if "/" in text:
        text = _SLASH_FORM.sub(r"\1\2", text)
    return _map_characters(_join_acronyms(text), _word_characters, _word_character)


def _words_any(text: str) -> str:
    if _KATAKANA_DOT.search(text):
        text = "\n".join(
            _KATAKANA_DOT.sub("" if UNSPACED.search(line) else " ", line) if _KATAKANA_DOT.search(line) else line
            for line in text.split("\n")
        )
    text = _words_ascii(text)
    if any(unicodedata.category(char).startswith("M") for char in set(text)):
        text = _LEADING_MARKS.sub("", text)
    return text


def _join_acronyms(text: str) -> str:
    """Texts with A.B.C. as ABC; only lines with a letter before a dot are looked at closely."""
    if "." not in text:
        return text
    lines = text.split("\n")
    places = [at for at, line in enumerate(lines) if "." in line]
    text = _INITIALS.sub(lambda found: "".join(found.group().split()), "\n".join([lines[at] for at in places]))
    joined = _ACRONYM.sub(lambda found: found.group().replace(".", ""), text)
    for at, line in zip(places, joined.split("\n"), strict=True):
        lines[at] = line
    return "\n".join(lines)


def _word_character(char: str) -> str:
    if char in _QUOTES:
        return ""
    if char in "+&":
        return " plus " if char == "+" else " and "
    return char if char == "\n" or _WORD_CHARACTER.match(char) else " "


def _map_characters(text: str, known: dict[int, str], function: Callable[[str], str]) -> str:
    for char in set(text):
        if ord(char) not in known:
            known[ord(char)] = function(char)
    return text.translate(known)


def _key_any(text: str) -> str:
    if any(char in text for char in _LOOKS_LIKE_KANA):
        text = _KANJI_BESIDE_KANA.sub(lambda found: _LOOKS_LIKE_KANA[found.group()], text)
    if "ヴ" in text or "ゔ" in text:
        text = _VU.sub(lambda found: _VU_TO[found.group()[1]], text)
    return _map_characters(text, _key_characters, _key_character)


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
