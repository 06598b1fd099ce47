"""Invented company names, and the ways in which people write the same name differently."""

from __future__ import annotations

from dataclasses import dataclass

import jaconv
import numpy as np

# Kanji of a stem with its reading. All readings differ, so that two stems never sound the same by accident.
_KANJI = (
    ("凪", "ナギ", "nagi"), ("朔", "サク", "saku"), ("霧", "キリ", "kiri"), ("雫", "シズク", "shizuku"),
    ("椿", "ツバキ", "tsubaki"), ("楓", "カエデ", "kaede"), ("梛", "ナノキ", "nanoki"), ("澪", "ミオ", "mio"),
    ("颯", "ハヤテ", "hayate"), ("蛍", "ホタル", "hotaru"), ("琥", "コハ", "koha"), ("翠", "ミドリ", "midori"),
    ("茜", "アカネ", "akane"), ("暁", "アカツキ", "akatsuki"), ("桜", "サクラ", "sakura"), ("竜", "リュウ", "ryu"),
    ("渓", "ケイ", "kei"), ("桧", "ヒノキ", "hinoki"), ("鷺", "サギ", "sagi"), ("鶫", "ツグミ", "tsugumi"),
    ("蕗", "フキ", "fuki"), ("蓬", "ヨモギ", "yomogi"), ("菫", "スミレ", "sumire"), ("葵", "アオイ", "aoi"),
    ("萩", "ハギ", "hagi"), ("藤", "フジ", "fuji"), ("樫", "カシ", "kashi"), ("栃", "トチ", "tochi"),
    ("榎", "エノキ", "enoki"), ("柊", "ヒイラギ", "hiiragi"), ("欅", "ケヤキ", "keyaki"), ("銀", "シロガネ", "shirogane"),
    ("碧", "ヘキ", "heki"), ("紺", "コン", "kon"), ("緋", "ヒ", "hi"), ("玄", "ゲン", "gen"),
    ("雁", "カリ", "kari"), ("鵜", "ウノ", "uno"), ("鴎", "カモメ", "kamome"), ("鯨", "クジラ", "kujira"),
    ("鮎", "アユ", "ayu"), ("鱗", "ウロコ", "uroko"), ("嵐", "アラシ", "arashi"), ("霞", "カスミ", "kasumi"),
    ("雷", "イカヅチ", "ikazuchi"), ("虹", "ニジ", "niji"), ("曙", "アケボノ", "akebono"), ("宵", "ヨイ", "yoi"),
)  # fmt: skip
_INFIXES = (
    ("", "", ""), ("之", "ノ", "no"), ("ヶ", "ガ", "ga"), ("久", "ク", "ku"), ("津", "ツ", "tsu"), ("瀬", "セ", "se"),
    ("穂", "ホ", "ho"), ("羽", "ハ", "ha"), ("門", "モン", "mon"), ("辺", "ベ", "be"),
)  # fmt: skip
_AREAS_JA = (("", "", ""), ("新", "シン", "shin"), ("東", "ヒガシ", "higashi"), ("西", "ニシ", "nishi"),
             ("南", "ミナミ", "minami"), ("北", "キタ", "kita"), ("大", "オオ", "oo"), ("奥", "オク", "oku"))  # fmt: skip
_HEADS = ("Brav", "Cald", "Dorn", "Elv", "Fexw", "Gorm", "Hald", "Ivr", "Jorv", "Kest", "Lumb", "Morv", "Naxt", "Orv",
          "Plen", "Quib", "Rast", "Skel", "Tarn", "Ulv", "Vost", "Wrend", "Yarr", "Zeph", "Glim", "Thrusk")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ei", "ou", "ia")
_TAILS = ("dax", "mere", "lock", "vane", "tor", "quist", "bex", "pell", "rudd", "skel", "nard", "fyn", "gost", "hurn",
          "jell", "kwick", "lune", "merrow", "noll", "pravy", "rix", "sprey", "twill", "wick", "brask", "cloy", "druff",
          "ember", "frowe", "grist", "hexley", "juno", "kelp", "murk", "orrin", "vask")  # fmt: skip
_AREAS_EN = ("", "New ", "North ", "South ", "East ", "West ", "Upper ", "Great ")

WORDS_JA: dict[str, tuple[tuple[str, str, str], ...]] = {
    "financial services": (("信託", "シンタク", "Shintaku"), ("証券", "ショウケン", "Shoken"),
                           ("保険", "ホケン", "Hoken"), ("ファイナンス", "ファイナンス", "Finance")),
    "software & internet": (("情報", "ジョウホウ", "Joho"), ("システムズ", "システムズ", "Systems"),
                            ("ソフト", "ソフト", "Soft"), ("データ", "データ", "Data")),
    "manufacturing": (("精機", "セイキ", "Seiki"), ("製作所", "セイサクショ", "Seisakusho"),
                      ("工業", "コウギョウ", "Kogyo"), ("電機", "デンキ", "Denki")),
    "healthcare": (("薬品", "ヤクヒン", "Yakuhin"), ("医療", "イリョウ", "Iryo"),
                   ("メディカル", "メディカル", "Medical"), ("製薬", "セイヤク", "Seiyaku")),
    "retail & consumer": (("商店", "ショウテン", "Shoten"), ("ストア", "ストア", "Store"),
                          ("百貨", "ヒャッカ", "Hyakka"), ("食堂", "ショクドウ", "Shokudo")),
    "construction & property": (("建設", "ケンセツ", "Kensetsu"), ("不動産", "フドウサン", "Fudosan"),
                                ("住宅", "ジュウタク", "Jutaku"), ("土木", "ドボク", "Doboku")),
    "transport & logistics": (("運輸", "ウンユ", "Unyu"), ("物流", "ブツリュウ", "Butsuryu"),
                              ("倉庫", "ソウコ", "Soko"), ("海運", "カイウン", "Kaiun")),
    "energy & utilities": (("電力", "デンリョク", "Denryoku"), ("ガス", "ガス", "Gas"),
                           ("石油", "セキユ", "Sekiyu"), ("エナジー", "エナジー", "Energy")),
    "professional services": (("企画", "キカク", "Kikaku"), ("会計", "カイケイ", "Kaikei"),
                              ("人材", "ジンザイ", "Jinzai"), ("コンサルティング", "コンサルティング", "Consulting")),
    "wholesale & distribution": (("商事", "ショウジ", "Shoji"), ("通商", "ツウショウ", "Tsusho"),
                                 ("物産", "ブッサン", "Bussan"), ("貿易", "ボウエキ", "Boeki")),
}  # fmt: skip
"""What a company does, as the last part of its Japanese name: written, read, romanised."""

WORDS_EN: dict[str, tuple[str, ...]] = {
    "financial services": ("Capital", "Assurance", "Trust", "Lending"),
    "software & internet": ("Systems", "Software", "Data", "Networks"),
    "manufacturing": ("Tooling", "Machines", "Works", "Components"),
    "healthcare": ("Health", "Pharma", "Medical", "Biologics"),
    "retail & consumer": ("Stores", "Retail", "Outfitters", "Kitchens"),
    "construction & property": ("Construction", "Estates", "Homes", "Builders"),
    "transport & logistics": ("Logistics", "Freight", "Shipping", "Transit"),
    "energy & utilities": ("Energy", "Power", "Water", "Renewables"),
    "professional services": ("Consulting", "Advisors", "Partners", "Research"),
    "wholesale & distribution": ("Trading", "Supply", "Distribution", "Imports"),
}
"""What a company does, as the last part of its English name."""

_STEMS_JA = len(_KANJI) * (len(_KANJI) - 1) * len(_INFIXES)
_STEMS_EN = len(_HEADS) * len(_VOWELS) * len(_TAILS)
MAX_COMPANIES = min(_STEMS_JA, _STEMS_EN) * 4 * len(_AREAS_EN)
"""Companies that can be named without naming two alike."""

_NEW_TO_OLD = str.maketrans("蛍暁桜竜渓桧薬医", "螢曉櫻龍溪檜藥醫")
_BRANCHES_JA = ("大阪支店", "名古屋支店", "福岡支社", "東京営業所", "札幌支店")
_BRANCHES_EN = ("Cork Office", "Galway Branch", "Leeds Office", "Austin Office", "Head Office")


@dataclass(frozen=True)
class CompanyName:
    """One company's name: without its legal form, and with what is needed to write it in other ways."""

    is_japanese: bool
    written: str
    short: str
    kana: str
    romaji: str
    form: str
    form_in_front: bool

    @property
    def official(self) -> str:
        """The name as registered."""
        if not self.is_japanese:
            return f"{self.written} {self.form}"
        return self.form + self.written if self.form_in_front else self.written + self.form

    @property
    def english(self) -> str:
        """The name in Latin letters, without a legal form."""
        return self.romaji if self.is_japanese else self.written

    @property
    def host(self) -> str:
        """The name as part of a web address."""
        return self.english.lower().replace(" ", "-")


def japanese_name(serial: int, seed: int, industry: str, form_in_front: bool, form: str = "株式会社") -> CompanyName:
    """The Japanese name of company number `serial`; two serials never share one."""
    position = _scrambled(serial, seed, _STEMS_JA)
    stem, block = position % _STEMS_JA, position // _STEMS_JA
    infix, pair = stem % len(_INFIXES), stem // len(_INFIXES)
    first, second = divmod(pair, len(_KANJI) - 1)
    second += second >= first
    word = WORDS_JA[industry][(block + stem) % 4]
    parts = (_AREAS_JA[block // 4 % len(_AREAS_JA)], _KANJI[first], _INFIXES[infix], _KANJI[second])
    written, kana, romaji = ("".join(part[i] for part in parts) for i in range(3))
    return CompanyName(
        is_japanese=True,
        written=written + word[0],
        short=written,
        kana=kana + word[1],
        romaji=f"{romaji.capitalize()} {word[2]}",
        form=form,
        form_in_front=form_in_front,
    )


def english_name(serial: int, seed: int, industry: str, form: str) -> CompanyName:
    """The English name of company number `serial`; two serials never share one."""
    position = _scrambled(serial, seed, _STEMS_EN)
    stem, block = position % _STEMS_EN, position // _STEMS_EN
    head, rest = divmod(stem, len(_VOWELS) * len(_TAILS))
    vowel, tail = divmod(rest, len(_TAILS))
    short = _AREAS_EN[block // 4 % len(_AREAS_EN)] + _HEADS[head] + _VOWELS[vowel] + _TAILS[tail]
    written = f"{short} {WORDS_EN[industry][(block + stem) % 4]}"
    return CompanyName(False, written, short, "", written, form, False)


def _scrambled(serial: int, seed: int, stems: int) -> int:
    """A place in the space of names: one to one, and neighbours far apart within each block of stems."""
    block, within = divmod(serial, stems)
    step = next(step for step in (7_919, 10_007, 12_347) if stems % step and np.gcd(step, stems) == 1)
    return block * stems + (within * step + seed * 31 + 17) % stems


VARIANTS_JA = (
    "official", "form_on_other_side", "form_in_brackets", "form_ligature", "form_abbreviated_behind", "form_spaced",
    "no_form", "kana", "half_width_kana", "romaji_kk", "romaji_co_ltd", "romaji_inc", "old_kanji", "full_width_latin",
    "typing_error", "branch",
)  # fmt: skip
"""Ways of writing a Japanese name in a CRM."""

VARIANTS_EN = (
    "official", "form_long", "form_short", "no_form", "upper_case", "full_width_latin", "extra_spaces",
    "typing_error", "branch", "short_name",
)  # fmt: skip
"""Ways of writing an English name in a CRM."""

_LONG_FORMS = {
    "Ltd": "Limited",
    "Inc.": "Incorporated",
    "plc": "Public Limited Company",
    "LLC": "L.L.C.",
    "LLP": "Limited Liability Partnership",
    "DAC": "Designated Activity Company",
    "Corp.": "Corporation",
}


def variant(name: CompanyName, kind: str, rng: np.random.Generator) -> str:
    """The name written in one of the ways of `VARIANTS_JA` or `VARIANTS_EN`."""
    return _japanese_variant(name, kind, rng) if name.is_japanese else _english_variant(name, kind, rng)


def _japanese_variant(name: CompanyName, kind: str, rng: np.random.Generator) -> str:
    mark = name.form[0]  # 株 or 合
    match kind:
        case "official":
            return name.official
        case "form_on_other_side":
            return name.written + name.form if name.form_in_front else name.form + name.written
        case "form_in_brackets":
            return f"({mark}){name.written}"
        case "form_ligature":
            return f"㈱{name.written}" if mark == "株" else f"（同）{name.written}"
        case "form_abbreviated_behind":
            return f"{name.written}（{mark}）" if mark == "株" else f"{name.written}（同）"
        case "form_spaced":
            return f"{name.form}　{name.written}" if name.form_in_front else f"{name.written} {name.form}"
        case "no_form":
            return name.written
        case "kana":
            return name.kana
        case "half_width_kana":
            return str(jaconv.z2h(name.kana, kana=True))
        case "romaji_kk":
            return f"{name.romaji} K.K."
        case "romaji_co_ltd":
            return f"{name.romaji.upper()} CO., LTD."
        case "romaji_inc":
            return f"{name.romaji} Inc."
        case "old_kanji":
            return name.official.translate(_NEW_TO_OLD)
        case "full_width_latin":
            return str(jaconv.h2z(name.romaji, ascii=True, digit=True)) + "　株式会社"
        case "typing_error":
            return f"{_mistyped(name.romaji, rng)} Co.,Ltd."
        case "branch":
            return f"{name.official} {_BRANCHES_JA[int(rng.integers(len(_BRANCHES_JA)))]}"
    raise KeyError(kind)


def _english_variant(name: CompanyName, kind: str, rng: np.random.Generator) -> str:
    match kind:
        case "official":
            return name.official
        case "form_long":
            return f"{name.written} {_LONG_FORMS.get(name.form, name.form)}"
        case "form_short":
            return f"{name.written}, {name.form.rstrip('.')}"
        case "no_form":
            return name.written
        case "upper_case":
            return name.official.upper()
        case "full_width_latin":
            return str(jaconv.h2z(name.official, ascii=True, digit=True))
        case "extra_spaces":
            return f" {name.written.replace(' ', '  ')} {name.form} "
        case "typing_error":
            return f"{_mistyped(name.written, rng)} {name.form}"
        case "branch":
            return f"{name.official} - {_BRANCHES_EN[int(rng.integers(len(_BRANCHES_EN)))]}"
        case "short_name":
            return name.short
    raise KeyError(kind)


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters swapped, one left out, or one typed twice; never the first."""
    place = int(rng.integers(2, max(3, min(len(word) - 2, 8))))
    match int(rng.integers(3)):
        case 0 if word[place] != word[place + 1]:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 1:
            return word[:place] + word[place + 1 :]
    return word[:place] + word[place] + word[place:]
