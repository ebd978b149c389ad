"""A page or a mail speaks one language from its first word to its last."""

import re

import pytest
from django.test import Client
from django.utils import timezone, translation

from experts.availability import time_keeping
from experts.models import Role
from mdt_portal import outbox
from mdt_portal.errors import RuleError
from mdt_portal.models import KeptMail
from scheduling.models import Invitation
from scheduling.sessions import invitations
from scheduling.sessions.notifications import Affected, notify
from tests import factories

pytestmark = pytest.mark.django_db
ENGLISH = re.compile(r">[^<>]*[A-Za-z]{3,}[^<>]*<")


def invited() -> Invitation:
    """An expert of a Chinese hospital, without an account."""
    place = factories.institution(name_en="First Hospital", name_zh="第一医院")
    team = factories.team("lung", at=place, name_zh="胸部肿瘤团队")
    room = factories.room(at=place, name_en="Room A", name_zh="甲会议室")
    expert = factories.expert("RADIOL", at=place, name_en="Lin Shuyi", name_zh="林舒怡", email="lin@example.org")
    session = factories.session(team, experts=[expert], cases=[factories.case_waiting(team=team)], room=room)
    return Invitation.objects.get(attendance__session=session)


@pytest.mark.parametrize("wrong", [False, True])
def test_the_page_of_a_no_is_chinese_in_a_browser_set_to_english(client: Client, wrong: bool) -> None:
    address = invitations.link(invited())
    headers = {"accept-language": "en"}
    if wrong:
        answer = client.post(address, {"answer": "decline", "instead": "time"}, headers=headers)
    else:
        answer = client.get(f"{address}?no", headers=headers)
    main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert main is not None and "原因" in main[0]
    said = [text for text in ENGLISH.findall(main[0]) if "UTC" not in text]
    assert said == []


def test_a_dead_link_speaks_the_experts_language(client: Client) -> None:
    invitation = invited()
    address = invitations.link(invitation)
    Invitation.objects.update(nonce=invitation.nonce + 5)
    text = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert '<html lang="zh-Hans"' in text and "This link" not in text


def test_a_chinese_mail_has_chinese_commas_only() -> None:
    invitation = invited()
    Invitation.objects.update(notified=None)
    notify(Affected(invited=[invitation.attendance]))
    while outbox.deliver():
        pass
    body = KeptMail.objects.get().body
    assert "第一医院，甲会议室" in body
    assert ", " not in body and "林舒怡，您好" in body


def test_a_mail_names_its_reader_in_the_mails_language() -> None:
    reader = factories.user(Role.COORDINATOR, name_en="Chen Bo", name_zh="陈博", language="zh-hans")
    with translation.override("zh-hans"):
        assert str(reader) == "陈博"
    assert str(reader) == "Chen Bo"


@pytest.mark.parametrize(("language", "words"), [("en", "from 3 Mar 2031 to 5 Mar 2031"), ("zh-hans", "2031年3月3日")])
def test_errors_say_days_as_people_do(language: str, words: str) -> None:
    expert = factories.expert("RADIOL", at=factories.institution())
    first = timezone.now().date().replace(year=2031, month=3, day=3)
    days = {"first_day": first, "last_day": first.replace(day=5)}
    time_keeping.add_leave(expert, by=None, **days)
    with translation.override(language), pytest.raises(RuleError) as refused:
        time_keeping.add_leave(expert, by=None, **days)
    assert words in refused.value.message
