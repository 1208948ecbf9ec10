"""The demonstration's enterprises: one real, the others made up by a seeded generator and plainly fictional."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stdnum.cn import uscc

from eventsys.directory.rules import EnterpriseSize

REAL = ("9135020073786628XK", "四三九九网络股份有限公司", "四三九九", "软件园二期", "软件园二期望海路2号楼202室")
# Registration authority 0 is assigned to nobody in GB 32100-2015, so no code made here can be anybody's.
AUTHORITY, CATEGORY, REGION = "0", "1", "350203"

FIRST = (
    "云帆 星河 海岚 山雀 白鹭 蓝鲸 晨光 鹭岛 青柠 远航 麦浪 松果 琥珀 极光 听潮 木棉 石榴 流萤 竹影 锦鲤 鲸落 灯塔"
).split()
SECOND = "互动 数字 智联 云图 创想 幻境 闪电 像素 轻舟 拾光 方舟 万象 回声 矩阵".split()
FIELDS = "网络科技 信息技术 软件开发 游戏科技 动漫文化 电子商务 人工智能 数据服务 文化传媒 直播科技".split()
SUB_DISTRICTS = {
    "软件园二期": "莲前街道",
    "观音山国际商务营运中心": "莲前街道",
    "云顶创谷": "莲前街道",
    "龙山文创园": "嘉莲街道",
    "软件园一期": "滨海街道",
    "": "筼筜街道",
}
PARK_SHARES = (46, 20, 12, 10, 7, 5)  # per cent, in the order of SUB_DISTRICTS; the last sit in no park
SIZES = ((EnterpriseSize.LARGE, 4), (EnterpriseSize.MEDIUM, 16), (EnterpriseSize.SMALL, 45), (EnterpriseSize.MICRO, 35))
TAGS = (("专精特新", 12), ("高新技术企业", 35), ("规上企业", 25), ("游戏", 22), ("电商直播", 18), ("人工智能", 14))


@dataclass(frozen=True, slots=True)
class DemoEnterprise:
    """What the generator decides of an enterprise."""

    credit_code: str
    name: str
    short_name: str
    park: str
    sub_district: str
    address: str
    size: EnterpriseSize
    tags: tuple[str, ...]


def generate(count: int, random: Random) -> Iterator[DemoEnterprise]:
    """`count` enterprises, the real one first; the same for the same seed."""
    code, name, short_name, park, address = REAL
    yield DemoEnterprise(
        code,
        name,
        short_name,
        park,
        SUB_DISTRICTS[park],
        address,
        EnterpriseSize.LARGE,
        ("游戏", "高新技术企业", "规上企业"),
    )
    names = [f"{first}{second}" for first in FIRST for second in SECOND]
    random.shuffle(names)
    parks = list(SUB_DISTRICTS)
    for number in range(1, count):
        stem = names[number % len(names)] + (str(number // len(names)) if number >= len(names) else "")
        chosen = random.choices(parks, PARK_SHARES)[0]
        yield DemoEnterprise(
            credit_code=_code(number),
            name=f"{stem}{random.choice(FIELDS)}（虚构）有限公司",
            short_name=f"{stem}（虚构）",
            park=chosen,
            sub_district=SUB_DISTRICTS[chosen],
            address=f"{chosen or '思明区'}{random.randint(1, 60)}号楼{random.randint(201, 2409)}室",
            size=random.choices([size for size, _ in SIZES], [share for _, share in SIZES])[0],
            tags=tuple(tag for tag, share in TAGS if random.randrange(100) < share),
        )


def _code(number: int) -> str:
    """A code of the right form and check digit."""
    body = f"{AUTHORITY}{CATEGORY}{REGION}D{number:08d}"
    return body + str(uscc.calc_check_digit(body))
