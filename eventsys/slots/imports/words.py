"""Choices, lists and questions as cells say them, and back again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from eventsys.core.errors import Invalid
from eventsys.core.text import BLANKS, fold
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.slots.imports.columns import NONE
from eventsys.slots.rules import NewQuestion, QuestionKind, SlotFormat, SlotState, WalkIns

# Of each choice the first word is the one that is written.
TOPICS: Mapping[Topic, tuple[str, ...]] = {
    Topic.POLICY: ("送政策", "政策"),
    Topic.SERVICE: ("送服务", "服务"),
    Topic.CARE: ("送温暖", "温暖", "关爱"),
}
FORMATS: Mapping[SlotFormat, tuple[str, ...]] = {
    SlotFormat.VISIT: ("上门服务", "上门", "走访", "on-site visit"),
    SlotFormat.SESSION: ("服务专场", "专场", "线下", "现场", "group session"),
    SlotFormat.ONLINE: ("线上服务", "线上", "网上", "直播"),
}
STATES: Mapping[SlotState, tuple[str, ...]] = {
    SlotState.DRAFT: ("草稿",),
    SlotState.PUBLISHED: ("已发布", "发布"),
    SlotState.CALLED_OFF: ("已取消", "取消", "called off"),
}
SIZES: Mapping[EnterpriseSize, tuple[str, ...]] = {
    EnterpriseSize.LARGE: ("大型", "大型企业"),
    EnterpriseSize.MEDIUM: ("中型", "中型企业"),
    EnterpriseSize.SMALL: ("小型", "小型企业"),
    EnterpriseSize.MICRO: ("微型", "微型企业"),
}
WALK_INS: Mapping[WalkIns, tuple[str, ...]] = {
    WalkIns.NONE: ("不允许", "否"),
    WalkIns.PLACES_LEFT: ("有空位时", "是"),
    WalkIns.ALWAYS: ("不限", "始终", "always"),
}
YES_NO: Mapping[bool, tuple[str, ...]] = {
    True: ("是", "需要", "需", "yes", "true", "1", "√"),
    False: ("否", "不需要", "无", "no", "false", "0"),
}
KINDS: Mapping[QuestionKind, tuple[str, ...]] = {
    QuestionKind.TEXT: ("文字", "text"),
    QuestionKind.YES_NO: ("是否", "yes/no"),
}
REQUIRED: Mapping[bool, tuple[str, ...]] = {True: ("必填", "required"), False: ("选填", "optional")}
_UNLIMITED = {NONE, "无限制", "不限制", "unlimited", "no limit"}
_SEPARATORS = "、，,；;\n\t"
_NAME = re.compile(rf'\s*(?:"((?:[^"]|"")*)"|([^{_SEPARATORS}]*))\s*(?:[{_SEPARATORS}]|$)')
_BAR = "｜"
NUMBER_DIGITS = 6


def choice(choices: Mapping[Any, tuple[str, ...]], text: str, name: str) -> Any:
    """What a word stands for, whatever its width and case; Invalid (field `name`) lists the words."""
    plain = fold(text)
    for value, words in choices.items():
        if plain in {fold(str(value)), *map(fold, words)}:
            return value
    raise Invalid("cell_choice", field=name, words="、".join(words[0] for words in choices.values()))


def limit(text: str, name: str) -> int | None:
    """A number such as 20, 20家 or 20人, or None for no limit."""
    plain = fold(text)
    if plain in _UNLIMITED and name not in {"capacity", "door_minutes"}:
        return None
    digits = plain.rstrip("家人个次场分钟").removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS):
        raise Invalid("cell_number", field=name)
    return int(digits)


def join_names(names: Iterable[str]) -> str:
    """Names in one cell, which `split_names` takes apart again."""
    return "、".join(_quoted(name) for name in names)


def _quoted(name: str) -> str:
    needs = any(char in f'{_SEPARATORS}：:"' for char in name) or name != name.strip()
    return '"' + name.replace('"', '""') + '"' if needs else name


def split_names(text: str) -> tuple[str, ...]:
    """The names of a cell, without repetition; between " marks a name may hold a separator."""
    names, position = [], 0
    while position < len(text):
        found = _NAME.match(text, position)
        if found is None:  # a mark that is not closed: take the rest as it is
            names.append(text[position:])
            break
        names.append(found[1].replace('""', '"') if found[1] is not None else found[2].strip())
        position = max(found.end(), position + 1)
    return tuple(dict.fromkeys(name for name in names if name.strip(BLANKS)))


def write_questions(questions: Iterable[NewQuestion]) -> str:
    """The questions, one a line: text｜kind｜required."""
    return "\n".join(_BAR.join((item.label, KINDS[item.kind][0], REQUIRED[item.is_required][0])) for item in questions)


def read_questions(text: str) -> tuple[NewQuestion, ...]:
    """The questions of a cell, one a line; what follows the last bars may say the kind and whether it is required."""
    return tuple(_question(line) for line in text.split("\n") if line.strip(BLANKS))


def _question(line: str) -> NewQuestion:
    kind, is_required, label = QuestionKind.TEXT, False, line.strip(BLANKS)
    for table in (REQUIRED, KINDS):  # from the end: at most one of each
        before, bar, last = label.replace("|", _BAR).rpartition(_BAR)
        value = next((value for value, words in table.items() if fold(last) in map(fold, words)), None)
        if not bar or value is None:
            continue
        label = label[: len(before)]
        if table is REQUIRED:
            is_required = bool(value)
        else:
            kind = QuestionKind(str(value))
    return NewQuestion(label.strip(BLANKS), kind, is_required)
