"""How large a demo is: its hospitals, their people, rooms and teams, and the numbers of cases."""

from __future__ import annotations

from dataclasses import dataclass

from experts.models import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """`groups` are the disease groups with a team; `share` is how many of the referrals come from here."""

    name_en: str
    name_zh: str
    level: Level
    beds: int
    experts: int
    rooms: int
    groups: tuple[str, ...] = ()
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`others` are disease groups without a team of their own, which go to the general team."""

    hospitals: tuple[Hospital, ...]
    others: tuple[str, ...] = ()
    waiting: int
    listed: int
    needs_facts: int
    drafts: int


TUMOURS = (
    "lung", "breast", "colorectal", "upper_gi", "hepatobiliary", "gynae", "urology", "head_neck", "neuro_oncology",
    "haematology",
)  # fmt: skip
TERTIARY = (
    *TUMOURS, "cardiac", "stroke", "endocrine", "infection", "musculoskeletal", "neuro", "obstetrics", "rare",
    "respiratory", "skin", "surgery", "general",
)  # fmt: skip
NATIONAL = (*TERTIARY, "oncology", "paediatric", "transplant", "trauma")
COUNTY = ("lung", "breast", "colorectal", "upper_gi", "endocrine", "stroke", "general")

FIRST = ("Lanchuan First People's Hospital", "澜川市第一人民医院")
COUNTIES = (
    ("Qingfeng County Hospital", "青枫县人民医院"),
    ("Chenghu County Hospital", "澄湖县人民医院"),
    ("Songling County Hospital", "松岭县人民医院"),
    ("Nanping District Hospital", "南坪区医院"),
)
TOWNSHIP = ("Liuxi Township Health Centre", "柳溪镇中心卫生院")


def _hospital(name: tuple[str, str], level: Level, beds: int, **fields: object) -> Hospital:
    return Hospital(name_en=name[0], name_zh=name[1], level=level, beds=beds, **fields)  # type: ignore[arg-type]


SIZES = {
    "clinic": Size(
        hospitals=(
            _hospital(FIRST, Level.TERTIARY, 500, experts=30, rooms=3, groups=TUMOURS[:3], share=1),
        ),
        waiting=20,
        listed=2,
        needs_facts=1,
        drafts=1,
    ),
    "hospital": Size(
        hospitals=(
            _hospital(
                FIRST, Level.TERTIARY, 2400, experts=110, rooms=8, groups=(*TUMOURS, "cardiac", "general"), share=0.75
            ),
            _hospital(COUNTIES[0], Level.SECONDARY, 600, experts=8, rooms=0, share=0.17),
            _hospital(TOWNSHIP, Level.PRIMARY, 60, experts=2, rooms=0, share=0.08),
        ),
        others=("endocrine", "rare"),
        waiting=100,
        listed=8,
        needs_facts=5,
        drafts=4,
    ),
    "alliance": Size(
        hospitals=(
            _hospital(
                ("Lanchuan National Medical Centre", "澜川国家医学中心"),
                Level.NATIONAL, 4200, experts=370, rooms=16, groups=NATIONAL, share=0.16,
            ),
            _hospital(FIRST, Level.TERTIARY, 2400, experts=245, rooms=12, groups=TERTIARY, share=0.17),
            _hospital(
                ("Lanchuan Second People's Hospital", "澜川市第二人民医院"),
                Level.TERTIARY, 2000, experts=245, rooms=12, groups=TERTIARY, share=0.16,
            ),
            _hospital(
                ("Lanchuan University Hospital", "澜川大学附属医院"),
                Level.TERTIARY, 2200, experts=245, rooms=12, groups=TERTIARY, share=0.16,
            ),
            *(
                _hospital(name, Level.SECONDARY, 600, experts=88, rooms=6, groups=COUNTY, share=0.07)
                for name in COUNTIES
            ),
            _hospital(TOWNSHIP, Level.PRIMARY, 60, experts=20, rooms=2, share=0.04),
            _hospital(
                ("Zhuyuan Community Health Centre", "竹园社区卫生服务中心"),
                Level.PRIMARY, 40, experts=23, rooms=2, share=0.03,
            ),
        ),
        waiting=2000,
        listed=120,
        needs_facts=60,
        drafts=40,
    ),
}  # fmt: skip
