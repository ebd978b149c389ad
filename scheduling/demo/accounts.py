"""The users of a demo: one to sign in with for each role, and the clinicians who refer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

from experts.models import Expert, Role, RoleAssignment
from mdt_portal.models import User
from scheduling.demo.names import Name, Names
from scheduling.demo.people import Hired
from scheduling.demo.places import Site
from scheduling.demo.teams import Formed

PASSWORD = "mdt-demo-2026"  # noqa: S105  documented: it opens invented data only
REFERRERS = {True: 6, False: 2}  # in a hospital with teams, in one without


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the demo. `wide` roles reach all hospitals of the alliance, the others the first hospital."""

    username: str
    roles: tuple[Role, ...]
    label: object
    wide: bool = False
    staff: bool = False


ACCOUNTS = (
    Account("coordinator", (Role.COORDINATOR,), Role.COORDINATOR.label, staff=True),
    Account("referrer", (Role.REFERRER,), Role.REFERRER.label),
    Account("expert", (Role.EXPERT,), Role.EXPERT.label),
    Account("chair", (Role.CHAIR, Role.EXPERT), Role.CHAIR.label),
    Account("catalogue", (Role.CATALOGUE_ADMIN,), Role.CATALOGUE_ADMIN.label, wide=True, staff=True),
    Account("catalogue-2", (Role.CATALOGUE_ADMIN,), _("Catalogue administrator who approves"), wide=True, staff=True),
    Account("manager", (Role.MANAGER,), Role.MANAGER.label, wide=True),
    Account("auditor", (Role.AUDITOR,), Role.AUDITOR.label, wide=True, staff=True),
    Account("admin", (), _("Administrator"), staff=True),
)


def open_all(
    sites: Sequence[Site], hired: Sequence[Hired], formed: Sequence[Formed], *, names: Names, rng: random.Random
) -> dict[int, list[User]]:
    """Everybody who signs in. Returns the referring clinicians of each hospital by its id."""
    if settings.LOCAL:
        _open_accounts(sites, formed, names, rng)
    _link_some(hired, rng)
    return _referrers(sites, names, rng)


def _open_accounts(sites: Sequence[Site], formed: Sequence[Formed], names: Names, rng: random.Random) -> None:
    password = make_password(PASSWORD)
    persons = {"expert": _busiest(formed), "chair": formed[0].row.chair}
    first = sites[0].row
    for account in ACCOUNTS:
        linked = persons.get(account.username)
        name = Name(zh=linked.name_zh, en=linked.name_en) if linked else names.draw(rng.choice(["female", "male"]))
        user = User.objects.create(
            username=account.username,
            email=linked.email if linked else f"{account.username}@example.org",
            password=password,
            name_zh=name.zh,
            name_en=name.en,
            is_staff=account.staff,
            is_superuser=account.username == "admin",
        )
        wide = account.wide or (account.username == "coordinator" and sum(site.plan.rooms > 0 for site in sites) > 1)
        place = {"alliance": first.alliance} if wide and first.alliance else {"institution": first}
        RoleAssignment.objects.bulk_create(RoleAssignment(user=user, role=role, **place) for role in account.roles)
        if linked:
            linked.user = user
            linked.save(update_fields=["user"])


def _busiest(formed: Sequence[Formed]) -> Expert:
    """The expert of the first hospital who is a core member of most teams and chairs none."""
    chairs = {one.row.chair_id for one in formed}
    here = [one for one in formed if one.site is formed[0].site]
    members = {member.expert.pk: member.expert for one in here for member in one.core}
    memberships = Counter(member.expert.pk for one in here for member in one.core)
    return members[max(sorted(members), key=lambda pk: (pk not in chairs, memberships[pk]))]


def _link_some(hired: Sequence[Hired], rng: random.Random) -> None:
    """One expert in ten has an account of their own; the others answer by the link in their mail."""
    chosen = [one for one in hired if one.expert.user_id is None and rng.random() < 0.1]
    users = [
        _person(one.expert.email.partition("@")[0], Name(zh=one.expert.name_zh, en=one.expert.name_en))
        for one in chosen
    ]
    User.objects.bulk_create(users)
    for one, user in zip(chosen, users, strict=True):
        one.expert.user = user
    Expert.objects.bulk_update((one.expert for one in chosen), ["user"])
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=Role.EXPERT, institution=one.site.row)
        for one, user in zip(chosen, users, strict=True)
    )


def _referrers(sites: Sequence[Site], names: Names, rng: random.Random) -> dict[int, list[User]]:
    found: dict[int, list[User]] = {}
    for number, site in enumerate(sites, start=1):
        users = [
            _person(f"referrer-{number}-{n}", names.draw(rng.choice(["female", "male"])))
            for n in range(1, REFERRERS[bool(site.plan.groups)] + 1)
        ]
        User.objects.bulk_create(users)
        RoleAssignment.objects.bulk_create(
            RoleAssignment(user=user, role=Role.REFERRER, institution=site.row) for user in users
        )
        found[site.row.pk] = users
    own = User.objects.filter(username="referrer").first()
    if own is not None:
        found[sites[0].row.pk].append(own)
    return found


def _person(username: str, name: Name) -> User:
    """Somebody who exists but cannot sign in."""
    return User(
        username=username,
        email=f"{username}@example.org",
        password=make_password(None),
        name_zh=name.zh,
        name_en=name.en,
    )
