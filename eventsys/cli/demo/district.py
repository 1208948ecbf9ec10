"""The demonstration district's directory: departments, parks, centres and enterprises, by the services people use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any

from sqlalchemy import select

from eventsys.cli.demo.enterprises import DemoEnterprise, generate
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.search import search_text
from eventsys.directory.models import Department, District, Enterprise, Park, Place, Service, Tag
from eventsys.directory.rules import PlaceKind, Topic, parse_credit_code
from eventsys.slots.models import Series

NAME, NAME_EN = "厦门市思明区", "Siming District, Xiamen"
UID_HOST = "siming.eventsys.example"

# (name, English name, park, kind, seats): seven activity centres, then training bases
PLACES = (
    ("软件园二期党群活动中心", "Software Park II Activity Centre", "软件园二期", PlaceKind.CENTRE, 80),
    ("观音山党群活动中心", "Guanyinshan Activity Centre", "观音山国际商务营运中心", PlaceKind.CENTRE, 60),
    ("云顶创谷党群活动中心", "Yunding Activity Centre", "云顶创谷", PlaceKind.CENTRE, 50),
    ("龙山文创园党群活动中心", "Longshan Activity Centre", "龙山文创园", PlaceKind.CENTRE, 40),
    ("软件园一期党群活动中心", "Software Park I Activity Centre", "软件园一期", PlaceKind.CENTRE, 40),
    ("互联网企业综合服务中心", "Service Centre for Internet Enterprises", "软件园二期", PlaceKind.CENTRE, 120),
    ("新就业群体活动中心", "Centre for New Forms of Employment", "观音山国际商务营运中心", PlaceKind.CENTRE, 45),
    ("软件园二期实训基地", "Software Park II Training Base", "软件园二期", PlaceKind.BASE, 30),
    ("龙山文创实训基地", "Longshan Training Base", "龙山文创园", PlaceKind.BASE, 30),
)


@dataclass(frozen=True, slots=True)
class DemoDistrict:
    """The rows that the rest of the demonstration builds on."""

    departments: list[Department]
    places: list[Place]
    enterprises: list[Enterprise]
    series: Series


def write_district(enterprises: int, random: Random) -> DemoDistrict:
    """Add the whole directory to the running unit of work."""
    today = now().astimezone(installation().zone).date()
    db.session.add(District(id=1, name=NAME, name_en=NAME_EN, uid_host=UID_HOST, feed_day=today))
    parks = {item["name"]: _park(item) for item in _reference("parks.json")}
    departments = [_department(number, item) for number, item in enumerate(_reference("departments.json"), 1)]
    places = [_place(*values, parks) for values in PLACES]
    series = Series(name="党企面对面", name_en="Face to Face")
    db.session.add_all([*parks.values(), *departments, *places, series])
    db.session.flush()
    rows = [_enterprise(item, parks) for item in generate(enterprises, random)]
    db.session.add_all(rows)
    db.session.flush()
    return DemoDistrict(departments, places, rows, series)


def _reference(name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(files(__package__).joinpath(name).read_text("utf-8"))
    return items


def _park(item: dict[str, Any]) -> Park:
    return Park(
        name=item["name"],
        short_name=item["short_name"],
        name_en=item["name_en"],
        latitude=item["lat"],
        longitude=item["lon"],
        search_text=search_text(item["name"], item["short_name"], item["name_en"]),
    )


def _department(number: int, item: dict[str, Any]) -> Department:
    policy, care = "政策", ("困难", "体检", "维权", "关爱", "婚姻", "送温暖")
    return Department(
        code=item["code"],
        name=item["name"],
        short_name=item["short_name"],
        name_en=item["name_en"],
        colour=number,
        phone=f"0592-555{number:04d}",
        email=f"{item['code']}@siming.example",
        search_text=search_text(item["name"], item["short_name"], item["name_en"], item["code"]),
        services=[
            Service(
                name=name,
                name_en=name_en,
                position=position,
                topic=Topic.POLICY if policy in name else Topic.CARE if any(w in name for w in care) else Topic.SERVICE,
            )
            for position, (name, name_en) in enumerate(zip(item["services"], item["services_en"], strict=True))
        ],
    )


def _place(name: str, name_en: str, park: str, kind: PlaceKind, seats: int, parks: dict[str, Park]) -> Place:
    return Place(
        name=name,
        name_en=name_en,
        kind=kind,
        park=parks[park],
        address=f"{park}内",
        seats=seats,
        search_text=search_text(name, name_en),
    )


def _enterprise(item: DemoEnterprise, parks: dict[str, Park]) -> Enterprise:
    code = parse_credit_code(item.credit_code)
    park = parks.get(item.park)
    return Enterprise(
        public_id=new_public_id(),
        credit_code=code.text,
        is_code_checked=code.is_checked,
        name=item.name,
        short_name=item.short_name,
        sub_district=item.sub_district,
        park=park,
        address=item.address,
        size=item.size,
        tags=[_tag(name) for name in item.tags],
        search_text=search_text(item.name, item.short_name) + f"\n{code.text.lower()}",
    )


def _tag(name: str) -> Tag:
    tag = db.session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        tag = Tag(name=name)
        db.session.add(tag)
        db.session.flush()
    return tag
