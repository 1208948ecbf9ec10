"""The columns of a sheet of slots, with what people call them, an example and how to fill them in."""

from __future__ import annotations

from collections.abc import Mapping

from eventsys.directory.imports.columns import Column
from eventsys.directory.imports.rules import EXAMPLE_MARK

KIND = "slots"  # under which mappings are remembered
SHEET_NAME = "场次"
NONE = "不限"  # no limit
CLEARED = "（清空）"  # takes away what is there, where an empty cell would leave it

COLUMNS: tuple[Column, ...] = (
    Column("id", "编号", "Id", ("场次编号", "slot", "public id")),
    Column("version", "版本", "Version", ("版本号",)),
    Column("state", "状态", "State", ("status", "场次状态")),
    Column("department", "牵头部门", "Department", ("部门", "单位", "主办部门", "涉企部门", "lead department", "lead")),
    Column(
        "title", "场次名称", "Title", ("标题", "名称", "主题名称", "活动名称", "活动", "场次", "name"), required=True
    ),
    Column("title_en", "英文名称", "Title in English", ("英文标题", "英文名", "english title")),
    Column("topic", "主题", "Topic", ("类别", "服务类别", "类型")),
    Column("format", "形式", "Format", ("服务形式", "方式", "活动形式")),
    Column("date", "日期", "Date", ("活动日期", "举办日期", "day", "日期时间", "活动时间")),
    Column("start", "开始", "Start", ("开始时间", "时间", "起", "starts", "start time", "time", "starts at")),
    Column("end", "结束", "End", ("结束时间", "止", "ends", "end time", "ends at")),
    Column("place", "地点", "Place", ("活动地点", "举办地点", "场地", "venue", "location")),
    Column("place_text", "房间或其他地点", "Room or other place", ("房间", "会议室", "room", "具体地点")),
    Column("online_url", "线上链接", "Online link", ("会议链接", "链接", "link", "online url")),
    Column("capacity", "企业名额", "Number of enterprises", ("名额", "企业数", "家数", "可约企业数", "capacity")),
    Column("attendee_capacity", "总人数", "People in all", ("人数", "人数上限", "总人数上限", "attendee capacity")),
    Column("party_max", "每家人数", "People of each enterprise", ("每家企业人数", "每家上限", "party max")),
    Column("supporting", "配合部门", "Supporting departments", ("协办部门", "协办单位", "supporting")),
    Column("services", "服务事项", "Service matters", ("事项", "服务内容", "services")),
    Column("staff", "到场人员", "Who comes", ("参加人员", "工作人员", "讲师", "主讲人", "staff")),
    Column("audience", "面向企业", "Open to", ("对象", "面向对象", "范围", "audience")),
    Column("invited", "受邀企业", "Invited enterprises", ("邀请企业", "定向企业", "invited")),
    Column("invited_until", "受邀优先至", "Invited enterprises come first until", ("优先预约至", "invited until")),
    Column("questions", "预约时提问", "Questions", ("问题", "提问", "question")),
    Column("edition", "期次", "Edition", ("期", "第几期", "所属期次")),
    Column("opens_at", "预约开始", "Booking opens", ("预约开始时间", "opens", "opens at")),
    Column("closes_at", "预约截止", "Booking closes", ("预约截止时间", "截止时间", "closes", "closes at")),
    Column("cancel_until", "取消截止", "Can be cancelled until", ("取消截止时间", "cancel until")),
    Column("names_until", "名单截止", "Names can follow until", ("名单截止时间", "names until")),
    Column("needs_approval", "需部门确认", "The department confirms", ("是否确认", "需审核", "approval")),
    Column("walk_ins", "现场登记", "Walk-ins", ("现场报名", "walk ins")),
    Column(
        "door_minutes", "提前签到（分钟）", "Check-in opens, minutes before", ("签到提前", "提前签到", "door minutes")
    ),
    Column("quota_month", "每月上限", "Quota a month", ("每家每月上限", "quota month")),
    Column("quota_edition", "每期上限", "Quota an edition", ("每家每期上限", "quota edition")),
    Column("quota_open", "同时上限", "Quota open at a time", ("每家同时上限", "quota open")),
    Column("draw_at", "抽签时间", "Draw", ("抽签", "draw at")),
    Column("is_draw_weighted", "抽签加权", "Weighted draw", ("加权", "weighted")),
    Column("bring", "携带材料", "What to bring", ("需携带材料", "准备材料", "bring")),
    Column("description", "说明", "Description", ("内容", "简介", "备注", "活动内容", "details")),
)

EXAMPLE: Mapping[str, str] = {
    "title": "示例场次" + EXAMPLE_MARK,
    "topic": "送政策",
    "format": "服务专场",
    "date": "12月3日（周四）",
    "start": "下午3点",
    "end": "16:30",
    "capacity": "20",
    "attendee_capacity": "40",
    "party_max": "2",
    "audience": "公开",
    "needs_approval": "否",
}

_DEFAULT = ("空白按本部门设置。", "Empty: by the department's settings.")
_LIMIT = ("空白按本部门设置；不限制请写“不限”。", "Empty: by the department's settings; 不限 means no limit.")
_TIME = (
    "日期和时间，如12月1日10:00；空白按本部门设置。",
    "Day and time, e.g. 12月1日10:00; empty: by the department's settings.",
)
_YES_NO = ("是或否；空白为否。", "是 (yes) or 否 (no); empty means no.")
HINTS: Mapping[str, tuple[str, str]] = {
    "id": (
        "修改已有场次时使用，来自导出的表；新场次请留空。",
        "Of an exported sheet, to change a slot; empty for a new one.",
    ),
    "version": ("与编号一起来自导出的表，请勿改动。", "Comes with the id from an exported sheet; leave it as it is."),
    "state": (
        "只读：新场次为草稿。发布、取消请在系统中操作。",
        "To read only: new ones are drafts. Publish or call off on the page.",
    ),
    "department": (
        "部门名称、简称或代码；只负责一个部门时可留空。",
        "Name, short name or code; empty: your own department.",
    ),
    "title": ("必填，最多80个字。", "Required, at most 80 characters."),
    "topic": ("送政策、送服务或送温暖；空白为送服务。", "送政策 (policy), 送服务 (service) or 送温暖 (care)."),
    "format": (
        "上门服务、服务专场或线上服务；空白为服务专场。",
        "上门服务 (visit), 服务专场 (session) or 线上服务 (online).",
    ),
    "date": (
        "如12月3日、12.3、2026/12/3，可写星期；不写年份按最近的将来日期。",
        "E.g. 12月3日, 12.3, 2026/12/3; without a year the next such day.",
    ),
    "start": (
        "如15:00、下午3点、15:00—16:30；也可与日期写在一格。",
        "E.g. 15:00, 下午3点, 15:00—16:30; may share the cell of the day.",
    ),
    "end": ("空白按所选形式的默认时长。", "Empty: the default length of the format."),
    "place": ("已建地点的名称，或其他地点。", "The name of a place that exists, or another place."),
    "capacity": _DEFAULT,
    "attendee_capacity": _LIMIT,
    "party_max": _LIMIT,
    "quota_month": _LIMIT,
    "quota_edition": _LIMIT,
    "quota_open": _LIMIT,
    "supporting": ("多个部门用顿号隔开。", "Several are separated by 、 or commas."),
    "services": (
        "牵头或配合部门的事项，用顿号隔开。",
        "Of the lead or a supporting department, separated by 、 or commas.",
    ),
    "staff": (
        "牵头或配合部门人员名单中的姓名，用顿号隔开。",
        "Names on the staff list of the lead or a supporting department, separated by 、 or commas.",
    ),
    "audience": (
        "公开；或“园区：甲、乙；街道：丙；标签：丁；规模：小型、微型”；或“定向邀请”（并填写受邀企业）。",
        "公开 (everybody); 园区 (parks), 街道, 标签 (tags), 规模 (sizes) with names; or 定向邀请 (named).",
    ),
    "invited": ("信用代码或名称，用顿号隔开。", "Credit codes or names, separated by 、 or commas."),
    "questions": (
        "每行一个问题，可加“｜是否｜必填”。",
        "One a line; ｜是否 makes it a yes-or-no question, ｜必填 a required one.",
    ),
    "edition": (
        "如“党企面对面第5期”；只有一个系列时可写5。",
        "Series and number, or the number when there is one series.",
    ),
    "opens_at": ("日期和时间；空白为发布后即开始。", "Day and time; empty: at once when published."),
    "closes_at": _TIME,
    "cancel_until": _TIME,
    "names_until": _TIME,
    "needs_approval": _YES_NO,
    "walk_ins": (
        "有空位时、不限或不允许；空白为有空位时。",
        "有空位时 (while places are left), 不限 (always) or 不允许 (none); empty: while places are left.",
    ),
    "door_minutes": ("开始前多少分钟开放签到；空白为120。", "Minutes before the start; empty: 120."),
    "draw_at": ("日期和时间；空白为不抽签。", "Day and time; empty: no draw."),
    "is_draw_weighted": _YES_NO,
}
NOTES = (
    (
        f"修改已有场次时，空白不改动原内容，写“{CLEARED}”则清空；名称中含顿号等分隔符时请加英文双引号。",
        f"In rows with an id an empty cell leaves what is there and {CLEARED} clears it; "
        'put a name that holds a separator between " marks.',
    ),
)
