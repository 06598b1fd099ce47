"""What invented company lists are made of: stems, business words, legal forms, places and the ways to write them."""

from __future__ import annotations

from typing import Final


def _listed(text: str) -> list[str]:
    """The words of a text: a list that stays short to read."""
    return text.split()


# Invented Latin stems are onset + vowel + middle + tail.
ONSETS: Final = _listed(
    "b br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sc sh sk sl sp st str t th tr v vr w wh y z"
)
VOWELS: Final = _listed("a e i o u ai ea ei ia ou")
MIDDLES: Final = ["", *(c + v for c in _listed("b d g k l m n p r s t v x z ll nd rr st") for v in _listed("a e i o"))]
TAILS: Final = _listed(
    "x n r l s th nd rn ck ll m t ra na la va ta da ron ton lon den ven mer ler nix rix tex lux dex vane mere wick "
    "field ford well stone berg mark son tek line dell ward gate port cor vic nova zen"
)

# Stems that many different companies use: (written, in a web address).
COMMON_LATIN: Final = [
    (word, word.lower())
    for word in _listed(
        "Summit Pacific Apex Pioneer Liberty Sterling Phoenix Atlas Horizon Premier Delta Alpha Omega Vertex Crown "
        "Eagle Falcon Heritage Landmark Cascade Evergreen Redwood Oakwood Lakeside Riverside Sunrise Sunset Northern "
        "Southern Eastern Western Central Coastal Metro Capitol Century Millennium Matrix Fusion Quantum Nexus Titan "
        "Aurora Polaris Orion Zenith Keystone Cornerstone Frontier Guardian Patriot Victory Royal Imperial Unity "
        "Harmony Beacon Anchor Compass Meridian Smith Johnson Williams Brown Miller Wilson Taylor Clark Lewis Walker "
        "Campbell Murphy Kelly Sullivan Fischer Weber Wagner Becker Hoffmann Schmidt Dubois Moreau Laurent Girard "
        "Rossi Ferrari Bianchi Garcia Martinez Jansen Visser ABC AAA TMC SKT NTC KDS"
    )
] + [
    ("Müller", "mueller"),
    ("Schröder", "schroeder"),
    ("Krüger", "krueger"),
    ("Lefèvre", "lefevre"),
    ("Núñez", "nunez"),
]

# Kanji of invented stems with a reading: (written, kana, Latin letters).
KANJI: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "山/ヤマ/yama 川/カワ/kawa 田/タ/ta 沢/サワ/sawa 浜/ハマ/hama 広/ヒロ/hiro 国/クニ/kuni 桜/サクラ/sakura "
        "竜/タツ/tatsu 辺/ベ/be 斉/サイ/sai 高/タカ/taka 崎/サキ/saki 真/マ/ma 恵/エ/e 栄/エイ/ei 万/マン/man "
        "鉄/テツ/tetsu 滝/タキ/taki 島/シマ/shima 塩/シオ/shio 関/セキ/seki 宝/タカラ/takara 円/エン/en 豊/トヨ/toyo "
        "富/トミ/tomi 松/マツ/matsu 竹/タケ/take 梅/ウメ/ume 杉/スギ/sugi 森/モリ/mori 林/ハヤシ/hayashi 原/ハラ/hara "
        "野/ノ/no 村/ムラ/mura 井/イ/i 石/イシ/ishi 岩/イワ/iwa 金/カネ/kane 銀/ギン/gin 光/ミツ/mitsu 明/アキ/aki "
        "朝/アサ/asa 春/ハル/haru 秋/アキ/aki 雪/ユキ/yuki 青/アオ/ao 赤/アカ/aka 白/シラ/shira 黒/クロ/kuro "
        "藤/フジ/fuji 菊/キク/kiku 柳/ヤナギ/yanagi 桐/キリ/kiri 楠/クス/kusu 鶴/ツル/tsuru 亀/カメ/kame 鷹/タカ/taka "
        "熊/クマ/kuma 鹿/シカ/shika 馬/ウマ/uma 新/シン/shin 大/オオ/oo 小/コ/ko 中/ナカ/naka 上/カミ/kami "
        "下/シモ/shimo 東/アズマ/azuma 西/ニシ/nishi 南/ミナミ/minami 北/キタ/kita 三/ミ/mi 五/イツ/itsu 八/ヤ/ya "
        "千/チ/chi 吉/ヨシ/yoshi 福/フク/fuku 久/ク/ku 保/ホ/ho 和/ワ/wa 平/ヒラ/hira 丸/マル/maru 橋/ハシ/hashi "
        "池/イケ/ike 泉/イズミ/izumi 滋/シゲ/shige 瀬/セ/se 津/ツ/tsu 港/ミナト/minato 岡/オカ/oka 坂/サカ/saka "
        "谷/タニ/tani 峰/ミネ/mine 丘/オカ/oka 戸/ト/to 部/ベ/be 宮/ミヤ/miya 寺/テラ/tera 城/シロ/shiro 畑/ハタ/hata "
        "稲/イネ/ine 水/ミズ/mizu 草/クサ/kusa 花/ハナ/hana 葉/ハ/ha 羽/ハネ/hane 糸/イト/ito 矢/ヤ/ya 弓/ユミ/yumi "
        "旭/アサヒ/asahi 昭/アキ/aki"
    )
]
# Morae of invented katakana stems: (written, Latin letters).
MORAE: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "ア/a イ/i ウ/u エ/e オ/o カ/ka キ/ki ク/ku ケ/ke コ/ko サ/sa シ/shi ス/su セ/se ソ/so タ/ta チ/chi ツ/tsu "
        "テ/te ト/to ナ/na ニ/ni ネ/ne ノ/no ハ/ha ヒ/hi フ/fu ヘ/he ホ/ho マ/ma ミ/mi ム/mu メ/me モ/mo ヤ/ya ユ/yu "
        "ヨ/yo ラ/ra リ/ri ル/ru レ/re ロ/ro ワ/wa ガ/ga ギ/gi グ/gu ゴ/go ジ/ji ダ/da デ/de ド/do バ/ba ビ/bi ブ/bu "
        "ベ/be パ/pa ピ/pi プ/pu ファ/fa フィ/fi フォ/fo ヴィ/vi シャ/sha シュ/shu チャ/cha ジュ/ju キャ/kya ミュ/myu "
        "リュ/ryu ティ/ti"
    )
]
KANA_ENDS: Final = [
    ("", ""), ("ン", "n"), ("ー", ""), ("ス", "s"), ("ックス", "x"), ("テック", "tech"), ("リア", "ria"), ("ット", "t"),
]  # fmt: skip
COMMON_JAPANESE: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "山田/ヤマダ/yamada 鈴木/スズキ/suzuki 田中/タナカ/tanaka 佐藤/サトウ/sato 高橋/タカハシ/takahashi "
        "渡辺/ワタナベ/watanabe 伊藤/イトウ/ito 中村/ナカムラ/nakamura 小林/コバヤシ/kobayashi 加藤/カトウ/kato "
        "吉田/ヨシダ/yoshida 斉藤/サイトウ/saito 三和/サンワ/sanwa 大和/ダイワ/daiwa 協和/キョウワ/kyowa "
        "昭和/ショウワ/showa 共栄/キョウエイ/kyoei 三栄/サンエイ/sanei 東洋/トウヨウ/toyo 日新/ニッシン/nisshin "
        "大成/タイセイ/taisei 太陽/タイヨウ/taiyo 光洋/コウヨウ/koyo 富士/フジ/fuji 中央/チュウオウ/chuo "
        "第一/ダイイチ/daiichi 丸山/マルヤマ/maruyama 丸善/マルゼン/maruzen 東和/トウワ/towa 新栄/シンエイ/shinei "
        "明和/メイワ/meiwa 平和/ヘイワ/heiwa 大栄/ダイエイ/daiei 三幸/サンコウ/sanko 双葉/フタバ/futaba "
        "若葉/ワカバ/wakaba さくら/サクラ/sakura みどり/ミドリ/midori ひまわり/ヒマワリ/himawari あおば/アオバ/aoba "
        "サン/サン/sun アクア/アクア/aqua アルファ/アルファ/alpha ライフ/ライフ/life スター/スター/star "
        "フロンティア/フロンティア/frontier ユニオン/ユニオン/union エース/エース/ace グローバル/グローバル/global "
        "ワールド/ワールド/world トータル/トータル/total アーク/アーク/arc"
    )
]

# Business words, the most usual first.
ENGLISH_WORDS: Final = _listed(
    "Group Services Holdings Systems Solutions International Technologies Consulting Industries Trading Capital "
    "Partners Construction Engineering Bank Trust Logistics Energy Medical Insurance Manufacturing Properties "
    "Management Media Associates Software Foods Electric Electronics Motors Chemical Pharma Networks Design Digital "
    "Global America Japan Europe Asia Steel Supply Distribution Finance Advisors Research Laboratories Healthcare "
    "Transport Shipping Aviation Power Water Mining Textiles Plastics Packaging Printing Security Education Travel "
    "Hotels Restaurants Retail Stores Fashion Sports Entertainment Ventures Investments Realty Homes Builders "
    "Machinery Tools Controls Automation Robotics Optics Sensors Semiconductors Materials Paper Glass Furniture "
    "Marine"
)
LOCAL_WORDS: Final = {
    "DE": _listed("Bau Handel Technik Maschinenbau Verwaltung Beteiligungen Vertrieb Immobilien Deutschland Logistik"),
    "FR": _listed("Conseil Distribution Immobilier Transports Services Invest Ingénierie France Bâtiment Industrie"),
    "IT": _listed("Costruzioni Servizi Immobiliare Trasporti Italia Impianti Consulenza Alimentari"),
    "ES": _listed("Construcciones Servicios Inmobiliaria Transportes España Ingeniería Consultores Alimentaria"),
    "NL": _listed("Beheer Bouw Techniek Handel Vastgoed Nederland Advies Transport"),
}
JAPANESE_WORDS: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "工業/コウギョウ/Kogyo 建設/ケンセツ/Kensetsu 商事/ショウジ/Shoji 製作所/セイサクショ/Seisakusho "
        "産業/サンギョウ/Sangyo 興業/コウギョウ/Kogyo ホールディングス/ホールディングス/Holdings "
        "システム/システム/System 電機/デンキ/Denki 運輸/ウンユ/Unyu サービス/サービス/Service "
        "不動産/フドウサン/Fudosan 工務店/コウムテン/Komuten 食品/ショクヒン/Shokuhin 商店/ショウテン/Shoten "
        "設備/セツビ/Setsubi 物産/ブッサン/Bussan 電気/デンキ/Denki 企画/キカク/Kikaku 組/グミ/Gumi "
        "鉄工所/テッコウショ/Tekkosho コーポレーション/コーポレーション/Corporation 化学/カガク/Kagaku "
        "印刷/インサツ/Insatsu 精機/セイキ/Seiki 薬品/ヤクヒン/Yakuhin 銀行/ギンコウ/Bank 信託/シンタク/Trust "
        "証券/ショウケン/Securities 保険/ホケン/Insurance 物流/ブツリュウ/Logistics 倉庫/ソウコ/Soko "
        "製薬/セイヤク/Pharma 石油/セキユ/Sekiyu 機械/キカイ/Kikai 金属/キンゾク/Kinzoku 通商/ツウショウ/Tsusho "
        "貿易/ボウエキ/Boeki 情報システム/ジョウホウシステム/Joho-System "
        "エンジニアリング/エンジニアリング/Engineering コンピューター/コンピューター/Computer "
        "テクノロジー/テクノロジー/Technology インターナショナル/インターナショナル/International "
        "ジャパン/ジャパン/Japan グループ/グループ/Group パートナーズ/パートナーズ/Partners "
        "ソリューションズ/ソリューションズ/Solutions コンサルティング/コンサルティング/Consulting "
        "デザイン/デザイン/Design メディア/メディア/Media フーズ/フーズ/Foods エナジー/エナジー/Energy "
        "ロジスティクス/ロジスティクス/Logistics キャピタル/キャピタル/Capital センター/センター/Center "
        "モーター/モーター/Motor メーカー/メーカー/Maker オートメーション/オートメーション/Automation "
        "自動車/ジドウシャ/Jidosha 土木/ドボク/Doboku 造園/ゾウエン/Zoen 塗装/トソウ/Toso 硝子/ガラス/Glass "
        "農園/ノウエン/Noen 水産/スイサン/Suisan 観光/カンコウ/Kanko "
        "総合研究所/ソウゴウケンキュウショ/Research-Institute 学園/ガクエン/Gakuen 販売/ハンバイ/Hanbai"
    )
]
# Places at the head of a name: the world's, then Japan's (written, kana, Latin letters).
LATIN_AREAS: Final = _listed("Tokyo Japan American British Nordic Pacific Atlantic Boston London Texas Global United")
JAPANESE_AREAS: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "日本/ニホン/Nihon 東京/トウキョウ/Tokyo 大阪/オオサカ/Osaka 関西/カンサイ/Kansai 東海/トウカイ/Tokai "
        "九州/キュウシュウ/Kyushu 北海/ホッカイ/Hokkai 東北/トウホク/Tohoku 中部/チュウブ/Chubu 全国/ゼンコク/Zenkoku "
        "新/シン/Shin 横浜/ヨコハマ/Yokohama"
    )
]

# A legal form is the list of its notations, the full one first; a country's most usual form comes first.
FORMS: Final = {
    "JP": (("株式会社", "(株)", "㈱", "（株）"), ("有限会社", "(有)", "㈲", "（有）"),
           ("合同会社", "(同)", "（同）", "合同会社")),
    "US": (("Inc.", "Inc", "Incorporated", "INC."), ("LLC", "L.L.C.", "Llc", "LLC."), ("Corporation", "Corp.", "Corp", "Corp"),
           ("Company", "Co.", "Co", "Co")),
    "GB": (("Limited", "Ltd", "Ltd.", "LTD"), ("PLC", "plc", "P.L.C.", "Plc"), ("LLP", "L.L.P.", "Llp", "LLP")),
    "DE": (("GmbH", "G.m.b.H.", "Gmbh", "GMBH"), ("GmbH & Co. KG", "GmbH & Co KG", "GmbH + Co. KG", "GmbH&Co.KG"),
           ("AG", "A.G.", "Aktiengesellschaft", "Ag")),
    "FR": (("SAS", "S.A.S.", "Sas", "S.A.S"), ("SARL", "S.A.R.L.", "Sarl", "S.à r.l."), ("SA", "S.A.", "Sa", "S.A")),
    "IT": (("S.r.l.", "SRL", "Srl", "s.r.l."), ("S.p.A.", "SPA", "SpA", "s.p.a.")),
    "ES": (("S.L.", "SL", "S.L", "s.l."), ("S.A.", "SA", "S.A", "s.a.")),
    "NL": (("B.V.", "BV", "B.V", "b.v."), ("N.V.", "NV", "N.V", "n.v.")),
    "CA": (("Inc.", "Inc", "Incorporated", "INC."), ("Ltd.", "Ltd", "Limited", "LTD")),
    "AU": (("Pty Ltd", "Pty. Ltd.", "Pty Limited", "PTY LTD"), ("Limited", "Ltd", "Ltd.", "LTD")),
}  # fmt: skip
LATIN_FORMS_OF_JAPAN: Final = ("Co., Ltd.", "K.K.", "Co.,Ltd", "Inc.")
# Countries in the order of their share; Japan's is an argument of the generator.
COUNTRIES: Final = tuple(FORMS)
SHARES_ABROAD: Final = (0.46, 0.16, 0.11, 0.08, 0.05, 0.04, 0.04, 0.03, 0.03)
SUFFIXES: Final = {
    "JP": (("co.jp", 0.6), ("com", 0.2), ("jp", 0.13), ("or.jp", 0.03), ("ne.jp", 0.02), ("net", 0.02)),
    "US": (("com", 0.84), ("net", 0.06), ("org", 0.05), ("io", 0.05)),
    "GB": (("co.uk", 0.6), ("com", 0.33), ("org.uk", 0.04), ("uk", 0.03)),
    "DE": (("de", 0.8), ("com", 0.2)),
    "FR": (("fr", 0.75), ("com", 0.25)),
    "IT": (("it", 0.8), ("com", 0.2)),
    "ES": (("es", 0.65), ("com", 0.3), ("com.es", 0.05)),
    "NL": (("nl", 0.85), ("com", 0.15)),
    "CA": (("ca", 0.6), ("com", 0.4)),
    "AU": (("com.au", 0.8), ("com", 0.17), ("net.au", 0.03)),
}
FREE_MAIL: Final = ("gmail.com", "yahoo.co.jp", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com")

# Country: calling code, trunk prefix, digits of a number without the trunk prefix.
CALLING: Final = {
    "JP": ("81", "0", 9), "US": ("1", "", 10), "GB": ("44", "0", 10), "DE": ("49", "0", 10), "FR": ("33", "0", 9),
    "IT": ("39", "", 10), "ES": ("34", "", 9), "NL": ("31", "0", 9), "CA": ("1", "", 10), "AU": ("61", "0", 9),
}  # fmt: skip
# Country: places as (state or prefecture, town, Latin letters, head of the postal code, area code).
PLACES: Final = {
    country: [tuple(place.split("/")) for place in _listed(text)]
    for country, text in {
        "JP": (
            "東京都/千代田区/Chiyoda-ku,Tokyo/100/3 東京都/中央区/Chuo-ku,Tokyo/103/3 "
            "東京都/港区/Minato-ku,Tokyo/105/3 大阪府/大阪市北区/Kita-ku,Osaka/530/6 "
            "東京都/新宿区/Shinjuku-ku,Tokyo/160/3 愛知県/名古屋市中区/Naka-ku,Nagoya/460/52 "
            "神奈川県/横浜市西区/Nishi-ku,Yokohama/220/45 福岡県/福岡市博多区/Hakata-ku,Fukuoka/812/92 "
            "大阪府/堺市/Sakai,Osaka/590/72 北海道/札幌市中央区/Chuo-ku,Sapporo/060/11 "
            "京都府/京都市下京区/Shimogyo-ku,Kyoto/600/75 兵庫県/神戸市中央区/Chuo-ku,Kobe/650/78 "
            "宮城県/仙台市青葉区/Aoba-ku,Sendai/980/22 広島県/広島市中区/Naka-ku,Hiroshima/730/82 "
            "静岡県/浜松市/Hamamatsu,Shizuoka/430/53 埼玉県/川口市/Kawaguchi,Saitama/332/48 "
            "千葉県/船橋市/Funabashi,Chiba/273/47 新潟県/新潟市/Niigata,Niigata/950/25 "
            "岡山県/岡山市/Okayama,Okayama/700/86 群馬県/高崎市/Takasaki,Gunma/370/27 "
            "長野県/松本市/Matsumoto,Nagano/390/263"
        ),
        "US": (
            "NY/New_York//100/212 CA/Los_Angeles//900/213 TX/Houston//770/713 IL/Chicago//606/312 GA/Atlanta//303/404 "
            "CA/San_Jose//951/408 FL/Miami//331/305 WA/Seattle//981/206 MA/Boston//021/617 TX/Austin//787/512 "
            "CO/Denver//802/303 OH/Columbus//432/614 AZ/Phoenix//850/602 NC/Charlotte//282/704 MI/Detroit//482/313"
        ),
        "GB": (
            "/London//EC/20 /Manchester//M/161 /Birmingham//B/121 /Leeds//LS/113 /Bristol//BS/117 /Glasgow//G/141 "
            "/Reading//RG/118"
        ),
        "DE": "/Berlin//10/30 /München//80/89 /Hamburg//20/40 /Köln//50/221 /Stuttgart//70/711 /Düsseldorf//40/211",
        "FR": "/Paris//75/1 /Lyon//69/4 /Marseille//13/4 /Toulouse//31/5 /Lille//59/3 /Nantes//44/2",
        "IT": "/Milano//20/02 /Roma//00/06 /Torino//10/011 /Bologna//40/051",
        "ES": "/Madrid//28/91 /Barcelona//08/93 /Valencia//46/96",
        "NL": "/Amsterdam//10/20 /Rotterdam//30/10 /Utrecht//35/30",
        "CA": "ON/Toronto//M5/416 QC/Montreal//H3/514 BC/Vancouver//V6/604",
        "AU": "NSW/Sydney//20/2 VIC/Melbourne//30/3 QLD/Brisbane//40/7",
    }.items()
}
TOWNS: Final = [
    tuple(word.split("/"))
    for word in _listed(
        "本町/Honcho 栄町/Sakaecho 中央/Chuo 緑町/Midoricho 旭町/Asahicho 東町/Higashicho 西町/Nishicho "
        "南町/Minamicho 北町/Kitacho 新町/Shinmachi 大手町/Otemachi 丸の内/Marunouchi 日の出町/Hinodecho "
        "若松町/Wakamatsucho 桜町/Sakuracho 松原/Matsubara 城山/Shiroyama 宮前/Miyamae 元町/Motomachi 幸町/Saiwaicho "
        "寿町/Kotobukicho 錦町/Nishikicho 港町/Minatocho 泉町/Izumicho 青葉/Aoba 花園/Hanazono 富士見/Fujimi "
        "竹園/Takezono 白山/Hakusan 平和台/Heiwadai 駅前/Ekimae 川端町/Kawabatacho 梅田/Umeda 上野/Ueno 大通/Odori "
        "天神/Tenjin 八幡町/Hachimancho 神田町/Kandacho"
    )
]
BUILDINGS: Final = (
    "第一ビル",
    "中央ビル",
    "駅前ビル",
    "丸の内タワー",
    "センタービル",
    "セントラルビル",
    "新館ビル",
    "サンプラザ",
)
STREETS: Final = _listed(
    "Maple Oak Cedar Pine Elm Park Lake Hill Church High Station Mill Spring Washington Jefferson Lincoln Franklin "
    "King Queen Victoria Market Bridge Garden Forest River Valley Sunset Highland Madison Jackson Center Union "
    "Prospect Chestnut Walnut Willow Dogwood Magnolia Harbor Commerce Industrial Enterprise Technology Innovation"
)
STREET_KINDS: Final = (
    ("Street", "St."), ("Avenue", "Ave"), ("Road", "Rd."), ("Boulevard", "Blvd"), ("Drive", "Dr."), ("Lane", "Ln"),
)  # fmt: skip
# Streets of the continent: heads that take the names below, or ends in Germany and the Netherlands: (full, short).
STREET_HEADS: Final = {"FR": ("rue ", "r. "), "IT": ("Via ", "V. "), "ES": ("Calle ", "C/ ")}
STREET_ENDS: Final = {"DE": ("straße", "str."), "NL": ("straat", "str.")}
CONTINENTAL_STREETS: Final = _listed(
    "Linden Garten Schul Haupt Berg Wald Goethe Schiller Kant Mozart Garibaldi Verdi Dante Colombo Hugo Pasteur Zola "
    "Voltaire Cervantes Goya Mayor Rembrandt Spinoza Tulpen Molen Kerk Linné Curie Volta Galvani Marconi Ampere"
)

ABBREVIATIONS: Final = (
    ("International", "Intl"), ("Manufacturing", "Mfg"), ("Technologies", "Tech"), ("Services", "Svcs"),
    ("Holdings", "Hldgs"), ("Industries", "Ind."), ("Engineering", "Eng"), ("Associates", "Assoc."), ("Group", "Grp"),
    ("Management", "Mgmt"), ("Systems", "Sys"), ("Laboratories", "Labs"), ("Electric", "Elec"), ("Construction", "Constr."),
    ("ホールディングス", "HD"), ("インターナショナル", "INTL"), ("コーポレーション", "コーポ"),
    ("製作所", "製作"),
)  # fmt: skip
OLD_KANJI: Final = str.maketrans(
    "沢浜広国桜竜辺斉高崎真恵栄万鉄滝島塩関宝円豊会気産総観薬営証険鶴",
    "澤濱廣國櫻龍邊齋髙﨑眞惠榮萬鐵瀧嶋鹽關寶圓豐會氣產總觀藥營證險靏",
)
LARGE_KANA: Final = str.maketrans("ャュョァィォッ", "ヤユヨアイオツ")
FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
BRANCHES_JAPANESE: Final = ("大阪支店", " 東京支社", "　名古屋営業所", "福岡支店", " 札幌支店", "(仙台営業所)", " 本社")
BRANCHES_LATIN: Final = (
    " London Office",
    " - Tokyo Branch",
    " (Paris)",
    " Head Office",
    ", Dallas Office",
    " - Berlin",
)
