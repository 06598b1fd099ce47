from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.names import NameReader
from identity.rules import IdentityRules
from identity.text import compact, fold

from .conftest import make_rules

RULES = make_rules()
READER = NameReader(RULES.legal_forms, RULES.placeholder_names, 300)


def key(text: str) -> str:
    return READER.read(text).name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("株式会社ミドリ屋", "㈱ミドリ屋"),
        ("株式会社ミドリ屋", "ミドリ屋（株）"),
        ("ミドリ屋株式会社", "ﾐﾄﾞﾘ屋 株式会社"),
        ("㊒ハナ商会", "有限会社ハナ商会"),
        ("髙橋澤工業", "高橋沢工業"),
        ("齋藤濵産業", "斎藤浜産業"),
        ("キャノビア", "キヤノビア"),
        ("サンコンピュータ", "サンコンピューター"),
        ("ヴァルナ", "バルナ"),
        ("みなとや", "ミナトヤ"),
        ("佐々野商店", "佐佐野商店"),
        ("いすゞみ", "いすずみ"),
        ("ミナト・システム", "ミナトシステム"),
        ("カブシキガイシャミドリ", "株式会社ミドリ"),
        ("株式会社ミドリ屋　関西支店", "株式会社ミドリ屋"),
        ("ミドリ屋株式会社大阪営業所", "ミドリ屋株式会社"),
        ("株式会社　ミドリ研究所", "ミドリ研究所"),
        ("一般財団法人 緑研究所", "緑研究所"),
        ("コンビ二ミドリ", "コンビニミドリ"),
        ("ミド夕運輸", "ミドタ運輸"),
        ("Greenhouse K.K.", "Greenhouse Co., Ltd."),
        ("GREENHOUSE, INC.", "Greenhouse"),
        ("Grünhaus GmbH & Co. KG", "Grunhaus"),
        ("Maison Verte S.A.S.", "MAISON VERTE"),
        ("Green House Pty Ltd", "Greenhouse"),
        ("The Green House", "Green House"),
        ("Green & House", "Green and House"),
        ("Greene’s", "Greene's"),
        ("Green+", "Green Plus"),
        ("ООО «Зелёный дом»", "Зеленый дом"),
        ("Verde S.A. de C.V.", "Verde"),
        ("Groen B.V.", "groen"),
        ("Vihreä Oyj", "Vihrea"),
        ("AB Grön", "Grön AB (publ)"),
        ("绿屋股份有限公司", "绿屋有限公司"),
        ("주식회사 초록", "초록"),
    ],
)
def test_two_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert key(one) == key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ミドリ屋", "ミドリ堂"),
        ("Green House", "Green Horse"),
        ("Green House 1", "Green House 2"),
        ("Green House Holdings", "Green House"),
        ("Green House Japan", "Green House"),
        ("ミドリ工業", "ミドリエ業"),
        ("緑工コーポレーション", "緑エコーポレーション"),
    ],
)
def test_two_names_keep_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("株式会社ミドリ屋", "jp_kabushiki"),
        ("（有）ミドリ屋", "jp_yugen"),
        ("合同会社ミドリ屋", "jp_godo"),
        ("一般社団法人ミドリ会", "jp_ippan_shadan"),
        ("Greenhouse K.K.", "jp_kabushiki"),
        ("Grünhaus GmbH", "de_gmbh"),
        ("Grünhaus GmbH & Co. KG", "de_gmbh_co_kg"),
        ("Grünhaus AG", "de_ag"),
        ("绿屋股份有限公司", "cn_gufen"),
        ("绿屋有限公司", "cn_youxian"),
        ("ミドリ屋", ""),
    ],
)
def test_the_legal_form_is_kept_as_a_feature(text: str, form: str) -> None:
    assert READER.read(text).legal_form == form


def test_a_name_that_is_nothing_but_a_legal_form_word_keeps_it() -> None:
    assert key("S.A.") == "sa"
    assert key("Limited") == "limited"


@pytest.mark.parametrize(
    "text",
    ["test", "TEST", "Ｔｅｓｔ　Ａｃｃｏｕｎｔ", "N/A", "n.a.", "unknown", "個人", "未定", "株式会社テスト", "xxxxxxxx", "------",
     "zzz old", "Acme - please do not use", "duplicate - Acme", "workspace 4711", "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_a_placeholder_has_no_key(text: str) -> None:
    assert READER.read(text).name_key == ""


def test_a_company_whose_name_only_begins_like_a_placeholder_keeps_its_key() -> None:
    assert key("Test Valley Brewing") == "testvalleybrewing"
    assert key("Workspace Partners") == "workspacepartners"
    assert key("個人投資家協会") != ""


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("", "name_empty"),
        ("\x00\x01", "name_empty"),
        ("x y" * 200, "name_too_long"),
        ("😀😀", "name_without_letters"),
        ("ー", "name_without_letters"),
        ("a\ufffdb", "name_mojibake"),
    ],
)
def test_an_unusable_name_says_why(text: str, issue: str) -> None:
    name = READER.read(text)
    assert name.name_key == ""
    assert issue in name.issues or text.startswith("\x00")


def test_a_wrongly_decoded_name_is_repaired_where_no_byte_was_lost() -> None:
    broken = "Café Grün".encode().decode("cp1252")
    assert READER.read(broken).name_key == key("Café Grün")
    assert READER.read(broken).issues == ("name_mojibake_repaired",)


def test_accents_that_belong_to_a_name_are_no_mojibake() -> None:
    assert READER.read("São João").issues == ()


@given(st.text(max_size=400))
def test_no_text_crashes_and_reading_is_repeatable(text: str) -> None:
    fresh = NameReader(RULES.legal_forms, RULES.placeholder_names, 300)
    assert fresh.read(text) == READER.read(text)


@given(st.text(max_size=40))
def test_case_and_surrounding_spaces_do_not_matter_to_ascii_names(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    assert READER.read(ascii_text).name_key == READER.read(f"  {ascii_text.upper()} ").name_key


@given(st.text(max_size=60))
def test_a_folded_key_does_not_change_when_folded_again(text: str) -> None:
    once = compact(fold(text))
    assert compact(fold(once)) == compact(fold(compact(fold(once))))


def test_the_form_of_the_rules_file_decides(rules: IdentityRules) -> None:
    without = NameReader([form for form in rules.legal_forms if form.canonical_form != "de_gmbh"], (), 300)
    assert without.read("Grünhaus GmbH").name_key == "grunhausgmbh"
