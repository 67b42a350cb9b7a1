"""What workers read: one sentence for every message and every answer."""

from __future__ import annotations

from typing import Final

MESSAGES: Final[dict[str, str]] = {
    "seated": "你被录用了,请确认会来",
    "standby": "名额暂时满了,你已进入候补,有空位按顺序补上",
    "passed_over": "这个时间你已经有别的活,这次没有安排你",
    "called": "候补轮到你了,请尽快确认来不来",
    "lapsed": "候补的确认时间已过,名额给了下一位",
    "consent_due": "岗位有变动,请看清后同意或不同意;不同意不影响你",
    "released": "这个名额已经退出",
    "no_show": "开工时没有见到你,名额给了下一位;有误请找工作人员",
    "terms_changed": "岗位条件变了,之前的接单已取消,可能会重新派给你",
    "posting_closed": "这个岗位不再招人了",
    "posting_withdrawn": "用工方收回了这个岗位,不影响你",
    "posting_expired": "这个岗位已经过期",
    "suspended": "派单暂停了,已录用的活不受影响;原因和期限见你的登记,有不同意见请找工作人员",
    "unsuspended": "派单恢复了,有合适的活会通知你",
    "penalised": "这次临时退出或未到岗记了分,会随时间减少;详情见你的登记,不同意可以申诉",
    "appeal_decided": "你的申诉有结果了,请到你的登记里查看",
    "complaint_answered": "你的投诉有答复了,请查看",
    "completed": "用工方没有登记,系统按已完工处理;没去,或没拿到工钱,请找工作人员",
    "crew_invited": "有人邀请你加入班组,一起派单、一起录用;请看清后决定加入或拒绝",
    "mate_left": "同伴退出了:还没录用的,这次整组的接单取消;已录用的,名额还是你的,不想去可以免责退出",
    "heat": "天太热,这个活要改时间,先别出门;改好了会问你,不同意不影响你",
    "heat_over": "天气凉下来了,这个活还照原来的时间",
    "paused": "连续几次没有回复,已暂停派单;点“今天能干”就恢复",
}
"""By the kind that the store's functions give a message."""

OUTCOMES: Final[dict[str, str]] = {
    "gathering": "收到了,等同伴都答应后一起排队",
    "waiting": "收到了,时间一到按公布的顺序录用",
    "seated": "你被录用了,请确认会来",
    "standby": "名额满了,你在候补里,有空位按顺序补上",
    "called": "候补轮到你了,请尽快确认来不来",
    "passed_over": "这个时间你已经有别的活,这次没有安排你",
    "lapsed": "候补的确认时间已过",
    "withdrawn": "接单已经取消",
}
"""By acceptance state: what became of a yes."""


def message(kind: str) -> str:
    """The sentence of a message; a kind that is newer than this server gets a general one."""
    return MESSAGES.get(kind, "岗位有新情况,请查看")


def outcome(acceptance: str | None) -> str:
    """The sentence of an acceptance state; empty for one that is not answered."""
    return OUTCOMES.get(acceptance or "", "")
