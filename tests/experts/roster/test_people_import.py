"""People from a table: every mistake at once, a dry run that writes nothing, the same file twice changes nothing."""

import io
from datetime import date, time
from itertools import product
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from experts.availability.core import week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Institution, Role
from experts.roster import card_text, people_import, person_cards
from experts.roster.core import people_table
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent, User
from mdt_portal.tables.core import writing
from tests import factories

pytestmark = pytest.mark.django_db
HEAD = "E-mail,Name (English),Hospital,Title,Disciplines,Sessions a week\n"
ZHANG = "zhang@example.org,Zhang Min,General,Associate chief,Radiol (chest); PATH,6\n"


@pytest.fixture
def hospital() -> Institution:
    factories.title(3)
    factories.title(4)
    factories.discipline("RADIOL", name_en="Radiol", name_zh="影像科")
    factories.discipline("PATH", name_zh="病理科")
    return factories.institution(name_en="General", name_zh="总医院")


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


def wrong(text: str, by: User | None) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.sentence) for one in people_import.read(text, by=by).mistakes]


def test_a_dry_run_writes_nothing_and_taking_in_writes_once(hospital: Institution, coordinator: User) -> None:
    found = people_import.read(HEAD + ZHANG, by=coordinator)
    assert ([one.card.name_en for one in found.new], found.changed, found.left) == (["Zhang Min"], [], 0)
    assert not Expert.objects.exists()

    people_import.take_in(HEAD + ZHANG, by=coordinator)
    expert = Expert.objects.get()
    skills = set(expert.qualifications.values_list("discipline__key", "sub_specialty"))
    assert (expert.email, expert.max_sessions_week, skills) == (
        "zhang@example.org",
        6,
        {("RADIOL", "chest"), ("PATH", "")},
    )
    assert [(row.institution, row.title.rank, row.home) for row in expert.affiliations.all()] == [(hospital, 3, True)]

    again = people_import.take_in(HEAD + ZHANG, by=coordinator)
    assert (again.new, again.changed, again.left) == ([], [], 1)
    assert Expert.objects.count() == 1
    assert AuditEvent.objects.filter(action="expert.added").count() == 1


def test_a_line_changes_what_it_says_and_leaves_the_rest(hospital: Institution, coordinator: User) -> None:
    expert = factories.expert(
        "PATH", at=hospital, email="Li@example.org", phone="123", max_sessions_week=5, remote=False
    )
    text = "email\t职称\t学科\t姓名\t可远程\nli@EXAMPLE.org\t主任医师\t\t李娜\t是\n"
    found = people_import.take_in(text, by=coordinator)
    assert [one.changes for one in found.changed] == [["name_zh", "remote", "titles"]]
    expert.refresh_from_db()
    assert (expert.name_zh, expert.email, expert.phone, expert.remote) == ("李娜", "Li@example.org", "123", True)
    assert (expert.max_sessions_week, expert.disciplines.get().key) == (5, "PATH")
    assert [row.title.rank for row in expert.affiliations.all()] == [4]


def test_a_line_says_when_somebody_can_come(hospital: Institution, coordinator: User) -> None:
    expert = factories.expert("PATH", at=hospital, email="li@example.org", hours=[(0, time(8), time(12))])
    said = '"Mon-Tue 8:00-12:00; Wed 14:00-18:00 every 2 weeks from 2026-12-02"'
    text = (
        "E-mail,Name,Title,Disciplines,Week\n"
        f"li@example.org,,,,{said}\n"
        "wang@example.org,Wang,Associate chief,PATH,周一 8:00-12:00\n"
    )
    found = people_import.read(text, by=coordinator)
    assert found.mistakes == []
    (li,) = (one for one in card_text.imported(found) if one.changes)
    assert [(one.label, one.before, one.after) for one in li.changes] == [
        (
            "ordinary week",
            "Mon 08:00–12:00",
            "Mon 08:00–12:00; Tue 08:00–12:00; Wed 14:00–18:00 every 2 weeks from 2026-11-30",
        )
    ]
    people_import.take_in(text, by=coordinator)
    monday = WeekSpan(0, time(8), time(12))
    weeks = {one.email: week_pattern.of_rows(one.weekly_availability.all()) for one in Expert.objects.all()}
    assert weeks == {
        "li@example.org": [
            monday,
            monday._replace(weekday=1),
            WeekSpan(2, time(14), time(18), 2, date(2026, 11, 30)),
        ],
        "wang@example.org": [monday],
    }
    assert people_import.read(text, by=coordinator).left == 2
    people_import.take_in("email,title,discipline,name,week\nli@example.org,,,,\n", by=coordinator)
    assert expert.weekly_availability.count() == 3
    people_import.take_in("email,title,discipline,name,week\nli@example.org,,,,-\n", by=coordinator)
    assert not expert.weekly_availability.exists()


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("mornings", "“mornings” is no time of the week. Write Mon 08:00–12:00"),
        ("Mon 12:00-12:00", "the end must lie after the start"),
        ("Mon 8:00-12:00 every 2 weeks", "say from which week on"),
        ("Mon 8:00-12:00 every 9 weeks from 2026-11-30", "every 4 weeks"),
        ("Mon 8:00-12:00; Mon 9:00-10:00 from 2026-11-30", "Two stretches overlap"),
    ],
)
def test_a_week_that_cannot_be_is_a_mistake_of_its_line(coordinator: User, week: str, said: str) -> None:
    head = "email,title,discipline,name,week\n"
    ((line, column, sentence),) = wrong(f"{head}li@example.org,Associate chief,PATH,Li,{week}\n", coordinator)
    assert (line, column) == (2, "week")
    assert said in sentence


def test_all_mistakes_are_listed_at_once_with_line_and_column(hospital: Institution, coordinator: User) -> None:
    text = (
        HEAD
        + "no-address,Wu,General,Associate chief,RADIOL,6\n"
        + ",Wu,General,Associate chief,RADIOL,6\n"
        + '"a@example.org",Wu,Elsewhere,"Grand\nmaster",Alchemy,many\n'
        + "b@example.org,,General,Associate chief,RADIOL,1\n"
        + "c@example.org,Wu,General,Associate chief,,6\n"
        + "C@example.org,Wu,General,,RADIOL,6\n"
    )
    assert wrong(text, coordinator) == [
        (2, "E-mail", "“no-address” is not an e-mail address."),
        (3, "E-mail", "An e-mail address is needed: by it a person is known again."),
        (4, "Sessions a week", "“many” is not a whole number."),
        (4, "Hospital", "“Elsewhere” is not a hospital whose people you keep."),
        (4, "Title", "There is no title “Grand\nmaster”."),
        (4, "Disciplines", "There is no discipline “Alchemy”."),
        (6, "name_zh", "Give a name in at least one language."),
        (6, "Sessions a week", "A week cannot hold fewer sessions than one of its days."),
        (7, "E-mail", "This address stands in more than one line."),
        (7, "Disciplines", "Give one discipline at least; without one nobody can be asked."),
        (8, "E-mail", "This address stands in more than one line."),
        (8, "Title", "A title is needed for somebody new."),
    ]
    with pytest.raises(RuleError):
        people_import.take_in(text, by=coordinator)
    assert not Expert.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty."),
        ("E-mail,Title,Disciplines\n", "The column “Name (Chinese)” (姓名) is missing."),
        (HEAD, "There is no line below the headings."),
        ("邮箱,E-mail,姓名,职称,学科\na,b,c,d,e\n", "The column “E-mail” stands there twice."),
    ],
)
def test_what_is_wrong_with_the_whole_file(coordinator: User, text: str, said: str) -> None:
    assert said in [sentence for _, _, sentence in wrong(text, coordinator)]


def test_the_mistakes_speak_the_readers_language(coordinator: User) -> None:
    with translation.override("zh-hans"):
        assert wrong(HEAD.replace("Title", "x") + ZHANG, coordinator) == [(0, "", "缺少“Title”（职称）列。")]


def test_what_is_longer_than_the_table_takes_is_a_mistake_of_its_line(hospital: Institution, coordinator: User) -> None:
    long = f"zhang@example.org,{'Zhang' * 30},General,Associate chief,RADIOL ({'x' * 41}),6\n"
    assert wrong(HEAD + long, coordinator) == [
        (2, "Name (English)", "Use at most 120 characters."),
        (2, "Disciplines", "Use at most 40 characters."),
    ]


def test_people_of_other_hospitals_are_left_alone(coordinator: User) -> None:
    stranger = factories.expert(email="zhang@example.org")
    said = [(2, "E-mail", "This person belongs to another hospital; its coordinator keeps them.")]
    assert wrong(HEAD + ZHANG, coordinator) == said
    assert wrong(HEAD + ZHANG, None) == []  # on the server anybody may be changed
    people_import.take_in(HEAD + ZHANG, by=None)
    work = stranger.affiliations.order_by("pk")
    assert [row.home for row in work] == [True, False]


def test_a_hospital_is_named_where_one_keeps_several(hospital: Institution, coordinator: User) -> None:
    short = "E-mail,Name,Title,Disciplines\nw@example.org,Wu,Associate chief,PATH\n"
    assert people_import.read(short, by=coordinator).new[0].card.titles == {hospital.pk: factories.title(3).pk}
    factories.assign(coordinator, Role.COORDINATOR, at=factories.institution())
    assert wrong(short, User.objects.get(pk=coordinator.pk)) == [
        (2, "hospital", "Name the hospital: you keep the people of several.")
    ]


def test_what_is_exported_changes_nothing_when_it_comes_back(hospital: Institution, coordinator: User) -> None:
    factories.expert("RADIOL", "PATH", at=hospital, sub_specialty="chest", phone="+86 10", name_en="=cmd()")
    rows = person_cards.with_work(Expert.objects.all())
    for chinese, kind in product((False, True), ("csv", "xlsx")):
        file = writing.write(kind, people_import.export(rows, hospital, chinese=chinese), title="People")
        assert b",=" not in file
        found = people_import.read(file, by=coordinator)
        assert (found.mistakes, found.new, found.changed, found.left) == ([], [], [], 1)
    [heads] = people_import.template(chinese=True)
    assert people_table.missing({people_table.LAYOUT.key_of(head): head for head in heads}) == []


def test_the_queries_do_not_grow_with_the_lines(coordinator: User) -> None:
    def counted(lines: int) -> int:
        text = HEAD + "".join(ZHANG.replace("zhang", f"zhang{n}") for n in range(lines))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert people_import.read(text, by=coordinator).mistakes == []
        return len(queries)

    people_import.take_in(HEAD + ZHANG.replace("zhang", "zhang0"), by=coordinator)
    assert counted(1) == counted(30)


def test_the_command_tries_and_writes(hospital: Institution, tmp_path: Path) -> None:
    file, out = tmp_path / "people.csv", io.StringIO()
    file.write_bytes((HEAD + ZHANG).encode("gbk"))
    call_command("import_experts", str(file), "--dry-run", stdout=out)
    assert (out.getvalue().strip(), Expert.objects.count()) == ("1 new people, 0 changed, 0 left as they are.", 0)
    call_command("import_experts", str(file), stdout=out)
    assert Expert.objects.count() == 1
    file.write_text(HEAD + ZHANG.replace("PATH", "X"), encoding="utf-8")
    with pytest.raises(CommandError, match=r"people.csv:2: Disciplines: There is no discipline “X”."):
        call_command("import_experts", str(file), "--dry-run")
