"""The calendars the State Council announced: days off and make-up working days, day by day."""

from __future__ import annotations

from datetime import date, timedelta


def span(first: str, last: str) -> set[date]:
    """Every day from `first` to `last`."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {start + timedelta(days=number) for number in range((end - start).days + 1)}


# 国务院办公厅关于2025年、2026年部分节假日安排的通知
DAYS_OFF = {
    2025: {
        "元旦": span("2025-01-01", "2025-01-01"),
        "春节": span("2025-01-28", "2025-02-04"),
        "清明节": span("2025-04-04", "2025-04-06"),
        "劳动节": span("2025-05-01", "2025-05-05"),
        "端午节": span("2025-05-31", "2025-06-02"),
        "国庆节、中秋节": span("2025-10-01", "2025-10-08"),
    },
    2026: {
        "元旦": span("2026-01-01", "2026-01-03"),
        "春节": span("2026-02-15", "2026-02-23"),
        "清明节": span("2026-04-04", "2026-04-06"),
        "劳动节": span("2026-05-01", "2026-05-05"),
        "端午节": span("2026-06-19", "2026-06-21"),
        "中秋节": span("2026-09-25", "2026-09-27"),
        "国庆节": span("2026-10-01", "2026-10-07"),
    },
}
MADE_UP = {
    2025: ("01-26", "02-08", "04-27", "09-28", "10-11"),
    2026: ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
}
WORKING_DAYS = {2025: 248, 2026: 248}


def is_announced_workday(day: date) -> bool:
    """Whether offices work on a day of 2025 or 2026 by the notice."""
    if f"{day:%m-%d}" in MADE_UP[day.year]:
        return True
    return day.weekday() < 5 and not any(day in days for days in DAYS_OFF[day.year].values())


def as_holiday_cn(year: int) -> dict[str, object]:
    """The notice in the form of holiday-cn."""
    off = [(day, name, True) for name, days in DAYS_OFF[year].items() for day in days]
    made_up = [(date.fromisoformat(f"{year}-{day}"), "补班", False) for day in MADE_UP[year]]
    days = [{"name": name, "date": day.isoformat(), "isOffDay": is_off} for day, name, is_off in sorted(off + made_up)]
    return {"$schema": "https://example.com/schema.json", "year": year, "papers": [], "days": days}
