"""What the page of an account says, in English and Japanese."""

from __future__ import annotations

from typing import Final

from orchestration.page_names import Language

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # head
    "as_of": ("as of {day}", "{day} 時点"),
    "account_id": ("Account", "アカウント ID"),
    "crm_record": ("Salesforce Account", "Salesforce 取引先"),
    "not_in_crm": ("not in the CRM", "CRM に未登録"),
    "country": ("Country", "国"),
    "industry": ("Industry", "業種"),
    "domain": ("Domain", "ドメイン"),
    "unknown": ("unknown", "不明"),
    "rank": ("rank {rank}", "順位 {rank}"),
    "rank_head": ("Rank", "順位"),
    "since": ("since {day}", "{day} から"),
    "came_from": ("before: {tier}", "以前：{tier}"),
    "locked": ("locked by an open opportunity", "進行中の商談により固定"),
    "no_tier": ("no tier yet", "ティア未設定"),
    "tier": ("Tier", "ティア"),
    "stage": ("Stage", "ステージ"),
    "target_list": ("Target list", "ターゲットリスト"),
    "on_list": ("on the list", "登録済み"),
    "off_list": ("not on the list", "登録なし"),
    "customer": ("customer", "既存顧客"),
    "share": ("higher than {percent}% of the reference population", "基準母集団の {percent}% より高い"),
    "method": ("by {method}", "算出：{method}"),
    "model": ("model {version}", "モデル {version}"),
    "composite_note": ("fit, intent and engagement in one", "適合度・調査意向・接点を 1 つに集約"),
    "not_known": ("not known", "不明"),
    "not_scored": ("not scored", "未算出"),
    # scores over time
    "history": ("Scores over time", "スコアの推移"),
    "history_note": (
        "{count} nights from {first} to {last}. A line breaks where a score was not known; a dashed rule is a change of tier.",
        "{first} から {last} までの {count} 夜分。スコアが不明な夜は線が途切れ、縦の破線はティアの変更を示す。",
    ),
    "one_night": (
        "Only one night has been scored so far ({day}); a course over time needs at least two.",
        "算出済みの夜はまだ 1 つ（{day}）のみ。推移の表示には 2 夜以上が必要。",
    ),
    "no_nights": (
        "This account has not been scored on any night yet.",
        "このアカウントのスコアはまだ算出されていない。",
    ),
    "night": ("Night", "基準日"),
    "table": ("The figures as a table", "数値を表で見る"),
    # reasons
    "reasons": ("Why each score is what it is", "各スコアの内訳"),
    "reasons_note": (
        "Points add up to the score. Blue raises it, orange lowers it; grey is arithmetic (where the scale starts and ends).",
        "各項目の点数の合計がスコアになる。青は加点、橙は減点、灰色は計算上の値（起点と上限・下限）。",
    ),
    "points": ("points", "点"),
    "reason": ("Reason", "理由"),
    "sum": ("Sum = score", "合計＝スコア"),
    "adds_up": ("The points add up to the score: {score}.", "点数の合計はスコアと一致：{score}。"),
    "no_sum": (
        "The points add up to {sum}, the score is {score}: this night's reasons are not complete.",
        "点数の合計は {sum}、スコアは {score}：この夜の内訳は完全ではない。",
    ),
    "others": ("{count} further reasons", "その他 {count} 件"),
    "no_reasons": ("No reasons are stored for this score.", "このスコアの内訳は保存されていない。"),
    "missing_score": ("No score: {reason}", "スコアなし：{reason}"),
    "chart_reasons": ("Points that make up the score {score}", "スコア「{score}」を構成する点数"),
    # evidence
    "evidence": ("What happened in the last {days} days", "直近 {days} 日間の動き"),
    "evidence_note": (
        "{first} to {last}. One mark per day and kind, larger for more. People are shown with their consent to profiling only.",
        "{first} ～ {last}。印は日と種類ごとに 1 つ、多いほど大きい。個人の活動は同意済みの人の分のみ。",
    ),
    "no_evidence": ("Nothing that may be shown happened in these days.", "この期間に表示できる動きはない。"),
    "band_touches": ("Touches (number of touches)", "接点（件数）"),
    "band_research": ("Research (persons or devices)", "調査行動（人・端末数）"),
    "band_sales": ("Sales activities (number)", "営業活動（件数）"),
    "band_opportunities": ("Opportunities", "商談"),
    "automatic": ("automatic", "自動"),
    "open_task": ("open", "未完了"),
    "not_connected": ("not answered", "不通"),
    "further_kinds": ("further kinds ({count})", "その他の種類（{count}）"),
    "opportunity": ("Opportunity {number}", "商談 {number}"),
    "created": ("Created", "作成"),
    "qualified": ("Qualified", "有効商談化"),
    "day": ("Day", "日付"),
    "kind": ("Kind", "種類"),
    "number": ("Number", "数"),
    "persons": ("Persons", "人数"),
    "amount": ("Amount (USD)", "金額（米ドル）"),
    "type": ("Type", "種別"),
    "status": ("Status", "状態"),
    "closed": ("Closed", "完了日"),
    "opportunities_table": ("Opportunities as of {day}", "{day} 時点の商談"),
    "no_opportunities": ("The account has never had an opportunity.", "商談はこれまでにない。"),
    "not_shown": ("Not shown", "表示していないもの"),
    "without_consent": (
        "touches of people without a valid consent to profiling, in no score and not on this page: {count}",
        "プロファイリングへの有効な同意がない人の接点（スコアにも本ページにも含めない）：{count} 件",
    ),
    "anonymous": (
        "touches of anonymous visitors, in no score: {count}",
        "匿名の訪問者による接点（スコアに含めない）：{count} 件",
    ),
    "seller_caused": (
        "touches that sellers caused, in no score: {count}",
        "営業側の働きかけによる接点（スコアに含めない）：{count} 件",
    ),
    "machines": ("touches by machines, in no score: {count}", "機械による接点（スコアに含めない）：{count} 件"),
    "unattributed_of_all_companies": (
        "touches that lead to no company, of all companies together, so some may be this one's: {count}",
        "どの企業にも結び付かない接点（全企業の合計。この企業の分が含まれる可能性あり）：{count} 件",
    ),
    # committee
    "committee": ("Buying committee", "購買関係者"),
    "committee_note": (
        "Roles that the tier requires. Covered: somebody may be contacted. Reached: a one-to-one contact was delivered,"
        " or somebody came by themselves. Engaged: covered, and a high-intent touch.",
        "ティアごとに必要な役割。カバー：連絡してよい人がいる。到達：個別の連絡が届いた、または自ら訪問した。関与：カバー済みで高関心の接点がある。",
    ),
    "role": ("Role", "役割"),
    "seniority": ("Seniority", "職位"),
    "covered": ("Covered", "カバー"),
    "reached": ("Reached", "到達"),
    "engaged": ("Engaged", "関与"),
    "yes": ("yes", "あり"),
    "no": ("no", "なし"),
    "no_roles": ("The tier requires no roles.", "このティアに必須の役割はない。"),
    "no_committee": ("Committee coverage has not been computed for this account.", "購買関係者のカバー状況は未算出。"),
    "roles_in_all": ("{count} of {all}", "{all} 役割中 {count}"),
    "persons_title": ("Persons, by role and seniority", "役割・職位別の人数"),
    "may_be_contacted": ("May be contacted", "連絡可"),
    "active": ("Active in {days} days", "直近 {days} 日間に活動"),
    "no_persons": ("No person of this company is known.", "この企業の担当者は一人も把握できていない。"),
    # tiers
    "tier_history": ("Tier history", "ティアの履歴"),
    "change": ("Change", "変更"),
    "why": ("Reason", "理由"),
    "first_tier": ("first tier: {tier}", "初回：{tier}"),
    "no_tier_history": ("No tier has been given yet.", "ティアはまだ設定されていない。"),
    "today": ("Last night", "直近の夜"),
    # CRM
    "sent": ("What the CRM was told", "CRM への反映"),
    "sent_note": (
        "By night, from the delivery ledger; at most {count} fields. Values that somebody edited in the CRM stay there.",
        "配信台帳による夜ごとの記録（新しい順に最大 {count} 項目）。CRM で編集された値はここに表示しない。",
    ),
    "field": ("Field", "項目"),
    "old": ("Old", "旧"),
    "new": ("New", "新"),
    "earlier_sent": ("Earlier nights ({count})", "以前の夜（{count} 件）"),
    "empty": ("(empty)", "（空）"),
    "nothing_sent": (
        "Nothing has been sent to the CRM for this account.",
        "このアカウントについて CRM へ送信したものはない。",
    ),
    # identity
    "one_account": ("Why this is one account", "1 つのアカウントと判断した根拠"),
    "record": ("Record", "レコード"),
    "name": ("Name", "名称"),
    "rule": ("Joined by", "結合の根拠"),
    "joined_to": ("Joined to", "結合先"),
    "confidence": ("Confidence", "確信度"),
    "joined_on": ("Joined on", "結合日"),
    "proof": ("Evidence", "証拠"),
    "no_records": ("No records are known.", "レコードがない。"),
    # missing
    "missing": ("What is missing, and why", "不足している情報とその理由"),
    "nothing_missing": (
        "Nothing: every score, role and attribute is known.",
        "なし：すべてのスコア・役割・属性がそろっている。",
    ),
    "low_confidence_short": ("low confidence", "信頼度が低い"),
    "low_confidence": (
        "Low confidence: fewer days of research have been recorded than the research intent needs.",
        "信頼度が低い：調査行動の記録日数が、調査意向の算出に必要な日数に満たない。",
    ),
    "not_tonight": (
        "The last night of the warehouse is {night}; this account was last scored on {day}.",
        "ウェアハウスの直近の夜は {night}。このアカウントが最後に算出されたのは {day}。",
    ),
    "no_crm": (
        "The company is not in the CRM: it has no scores, no tier and no queue.",
        "CRM に登録がないため、スコア・ティア・キューがない。",
    ),
    "missing_role": ("{role}: nobody who may be contacted", "{role}：連絡してよい人がいない"),
    "missing_share": (
        "{score}: no reference population has been frozen for it, so it has no share",
        "{score}：固定された基準母集団がないため、相対位置が不明",
    ),
    "no_consent_at_all": (
        "No person with consent to profiling was active in {days} days.",
        "プロファイリングに同意した人の活動が直近 {days} 日間にない。",
    ),
    "absent_tables": ("This warehouse does not hold: {tables}", "このウェアハウスにないテーブル：{tables}"),
    "footer": (
        "Roles and counts only: no names or addresses of persons. Made by abm360 from the warehouse of {night}.",
        "個人の氏名・連絡先は含まず、役割と件数のみ。abm360 が {night} のウェアハウスから作成。",
    ),
    "never": ("no night", "夜間処理なし"),
}


class Words:
    """Sentences of one language by key."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, with the values in it."""
        return _WORDS[key][self.language == Language.JAPANESE].format(**values)
