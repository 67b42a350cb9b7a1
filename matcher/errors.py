"""Every refusal the system can give: one family, one table.

A code is stable and meant for programs; the sentence is meant for the person reading it and says what to do next.
Functions in the store answer with a code from the same table, so store, API and tests share their words.
"""

from __future__ import annotations

from typing import Any, Final

TABLE: Final[dict[str, tuple[int, str]]] = {
    # input
    "bad_body": (400, "内容读不懂,请检查格式后再发"),
    "bad_field": (422, "有一项填得不对:{detail}"),
    "bad_id": (400, "编号的格式不对"),
    "bad_trade": (422, "没有这个工种:{detail}"),
    "too_large": (413, "内容太大,请缩短后再发"),
    "unsupported_media": (415, "只接受 application/json 或 application/msgpack"),
    "not_acceptable": (406, "只能返回 application/json 或 application/msgpack"),
    # who asks
    "no_token": (401, "请先登录"),
    "bad_token": (401, "登录已失效,请重新登录"),
    "bad_login": (401, "登录不成功,请核对后再试"),
    "bad_csrf": (403, "请从本站的页面操作,刷新页面后再试"),
    "forbidden": (403, "这不是你能操作的内容"),
    # what is not there
    "method_not_allowed": (405, "这个地址不支持这种操作"),
    "not_found": (404, "没有找到:{detail}"),
    "no_posting": (404, "没有这个岗位"),
    "no_profile": (404, "没有这份零工登记"),
    "no_employer": (404, "没有这个用工方"),
    "no_site": (404, "没有这个站点"),
    "no_penalty": (404, "没有这条扣分记录"),
    "no_series": (404, "没有这个系列"),
    "series_overlap": (409, "同一系列的各天时间不能重叠"),
    "no_crew": (404, "没有这个班组"),
    "not_invited": (403, "这个班组没有邀请你"),
    "in_a_crew": (409, "已经在一个班组里,请先退出"),
    "crew_full": (409, "一个班组最多10人"),
    "no_offer": (404, "没有给你派过这个单"),
    "does_not_fit": (409, "这个活现在不能派给你:{detail}"),
    "no_acceptance": (404, "你没有接这个单"),
    "no_assignment": (404, "没有这条录用记录"),
    "wrong_code": (422, "签到码不对,请核对后再输"),
    "no_complaint": (404, "没有这条投诉"),
    "no_number": (404, "这个排队号今天还没有发出"),
    "no_account": (404, "没有这个账号"),
    "no_kiosk": (404, "没有这台自助机"),
    # moves that the states do not allow
    "illegal_move": (409, "现在不能这样操作:{detail}"),
    "key_reused": (409, "同一个编号已用于另一份内容,请换一个编号"),
    "erased": (409, "这个人的信息已按要求删除;要再登记,请本人来办"),
    "lives_elsewhere": (409, "已在别的城市登记({detail}):请先在那里办理迁出,再来登记"),
    "registered": (409, "这个身份证号已经登记过:请用登记时的手机号登录;换了号码,请带身份证到站点办理"),
    "unknown_consent": (422, "没有这一版同意书,请填本人签的那一版({detail})"),
    "new_consent": (409, "同意书有了新的内容,请看过再同意"),
    "consent_withdrawn": (409, "同意已经撤回:本人重新同意后才能这样操作"),
    "known_twin": (409, "已经登记过:{detail}"),
    "duplicate_row": (409, "编号在这份名单里已经用过,请换一个编号"),
    "stale_version": (409, "内容刚被改过,请刷新后再试"),
    "stale_wave": (409, "这一批已经派出"),
    "offer_expired": (409, "这个派单已过时间,下次请早点回复"),
    "offer_declined": (409, "你已经回复过不去"),
    "offer_withdrawn": (409, "这个派单已收回:名额已满,或岗位有变动"),
    "posting_past": (422, "开工时间已经过了,请改时间"),
    "suspended": (409, "派单还在暂停中,暂时不能接单;原因和期限见你的登记,有不同意见请找工作人员"),
    "posting_not_open": (409, "这个岗位已不再招人"),
    "posting_held": (409, "天气太热,这个岗位要先改时间才能派单"),
    "posting_blocked": (422, "岗位不符合规定,请先改好:{detail}"),
    "headcount_below_seats": (409, "已录用的人比新的人数多,请指明不再需要谁"),
    "several_people": (409, "这个号码登记了几个人,请选是谁"),
    "already_booked": (409, "这个时间你已经有别的活"),
    "quiet_hours": (409, "夜里不打电话,请早上再打"),
    "too_early": (409, "还没到时间"),
    "too_late": (409, "已经开工,来不了请马上联系用工方"),
    "not_yet_due": (409, "还没到截止时间"),
    # the system itself
    "store_unavailable": (503, "系统正在恢复,请稍等几秒再试"),
    "no_matcher": (503, "撮合程序正在启动,请稍等几秒再试"),
    "overloaded": (503, "现在人太多,请稍等几秒再试"),
    "too_many_requests": (429, "操作太快了,请稍等再试"),
    "timeout": (503, "处理超时,请再试一次"),
    "no_gateway": (503, "短信暂时发不出去,请到窗口办理"),
    "internal": (500, "系统出错了,已经记下,请找工作人员"),
}


STATES: Final[dict[str, str]] = {
    "draft": "草稿",
    "blocked": "不合规",
    "awaiting_review": "待审核",
    "open": "招人中",
    "filled": "已招满",
    "closed": "已停招",
    "withdrawn": "已撤回",
    "expired": "已过期",
    "accepted": "已接单",
    "declined": "已回复不去",
    "gathering": "等待同伴",
    "counts": "计分中",
    "appealed": "申诉中",
    "upheld": "维持",
    "lifted": "已撤销",
    "waiting": "等待公布",
    "standby": "候补",
    "called": "候补待确认",
    "passed_over": "未排上",
    "lapsed": "候补已过时",
    "seated": "已录用",
    "confirmed": "已确认",
    "consent_due": "待重新确认",
    "checked_in": "已签到",
    "done": "已完工",
    "paid": "已结算",
    "released": "已退出",
    "no_show": "未到岗",
}
"""States in the words of people."""


def _in_words(detail: str) -> str:
    """`accepted -> declined` as a person reads it; anything that is not a state stays as it is."""
    return " → ".join(STATES.get(part, part) for part in detail.split(" -> "))


class KuaizhaoError(Exception):
    """A refusal with a stable `code`, an HTTP `status` and a Chinese sentence.

    Args:
        code: a key of `TABLE`.
        detail: what in particular; fills `{detail}` of the sentence.
        retry_after_s: for 429 and 503, when it makes sense to ask again.
    """

    def __init__(self, code: str, detail: str = "", *, retry_after_s: int | None = None) -> None:
        self.code = code
        self.detail = detail
        self.status, sentence = TABLE[code]
        self.message = sentence.format(detail=_in_words(detail))
        if retry_after_s is None and self.status in (429, 503):
            retry_after_s = 1
        self.retry_after_s = retry_after_s
        super().__init__(f"{code}: {detail}" if detail else code)

    def as_dict(self) -> dict[str, Any]:
        """The body of an error answer: `{"error": {"code", "message", "detail"}}`."""
        return {"error": {"code": self.code, "message": self.message, "detail": self.detail}}


class StoreUnavailable(KuaizhaoError):
    """The store cannot be reached or refuses to write; nothing was acknowledged."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("store_unavailable", detail, retry_after_s=2)


class Overloaded(KuaizhaoError):
    """A bounded queue is full; the caller may come again in a moment."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("overloaded", detail, retry_after_s=1)
