"""What one does on a page without changing anything: each brings something to light that links do not reach."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import resolve
from playwright.sync_api import Page, expect

from tests.browser.crawl import Seen

ASKING = """
    document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')
    || (innerWidth < 768 && document.querySelector('#board-days:empty'))
"""
PATIENCE_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What has come to light: a name for it, and where it stands in the page."""

    name: str
    inside: str


def settle(page: Page) -> None:
    """Wait until the page has what it asks for by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while page.evaluate(
        f"Boolean({ASKING})"
    ):  # Playwright's own waiting evaluates in the page, which the policy forbids
        assert time.monotonic() < deadline, f"{page.url} still asks for something"
        page.wait_for_timeout(20)


def everything(page: Page, what: Seen) -> Iterator[Shown]:
    """One thing after the other comes to light, and is put away when the next one is asked for."""
    yield from _folded(page)
    yield from _dialogs(page)
    yield from _questions(page)
    yield from _help(page)
    for doing in DOINGS.get(what.name, ()):
        yield from doing(page)


# What any page may have -----------------------------------------------------------------------------------------------


def _folded(page: Page) -> Iterator[Shown]:
    if page.locator("main details:not([open])").count():
        page.eval_on_selector_all("main details", "all => all.forEach(one => { one.open = true; })")
        yield Shown(name="all unfolded", inside="main")


def _dialogs(page: Page) -> Iterator[Shown]:
    """The dialogs that buttons bring, one of each kind."""
    dialog, opened = page.locator("#dialogs dialog[open]"), set()
    for button in page.locator("main button[hx-get]:visible").all():
        address = button.get_attribute("hx-get") or ""
        what = (resolve(address.partition("?")[0]).view_name, re.sub(r"=[^&]*", "", address.partition("?")[2]))
        target = button.evaluate("button => button.closest('[hx-target]')?.getAttribute('hx-target')")
        if what in opened or target != "#dialogs" or not button.is_visible() or not button.is_enabled():
            continue
        opened.add(what)
        button.click()
        expect(dialog).to_be_visible()
        settle(page)
        yield Shown(name=f"dialog {what[0]}", inside="#dialogs dialog[open]")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def _questions(page: Page) -> Iterator[Shown]:
    asking = "main :is(button[data-confirm], form[data-confirm] [type=submit])"
    for button in page.locator(asking).all():
        if button.is_visible() and button.is_enabled():
            button.click()
            yield Shown(name="question", inside="#confirm")
            page.locator("#confirm button[value=no]").click()
            return


def _help(page: Page) -> Iterator[Shown]:
    opener = page.locator("[data-dialog='#help']")
    if opener.count():
        opener.click()
        yield Shown(name="help", inside="#help")
        page.keyboard.press("Escape")


# What single pages have -----------------------------------------------------------------------------------------------


def _ticked(page: Page) -> Iterator[Shown]:
    boxes = page.locator("tbody input[type=checkbox]")
    if not boxes.count():
        return
    boxes.first.check()
    yield Shown(name="ticked", inside="main")
    page.locator("[hx-get*='bulk/team']").click()
    expect(page.locator("#dialogs dialog[open]")).to_be_visible()
    yield Shown(name="give to a team", inside="#dialogs dialog[open]")
    page.keyboard.press("Escape")


def _notices(page: Page) -> Iterator[Shown]:
    page.evaluate(
        """['ok', 'info', 'warn', 'block'].forEach(level => document.body.dispatchEvent(
            new CustomEvent('portal:say', {detail: {level, text: document.body.dataset.errorServer + level}})))"""
    )
    yield Shown(name="notices", inside="#toasts")


def _menus(page: Page) -> Iterator[Shown]:
    page.locator(".btn-me").click()
    yield Shown(name="own menu", inside=".topbar")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 360, "height": 800})
    page.locator("[data-bs-target='#side']").click()
    expect(page.locator("#side.show:not(.showing)")).to_be_visible()
    yield Shown(name="menu on the phone", inside="#side")


def _typed_referral(page: Page) -> Iterator[Shown]:
    page.fill("[name=search]", "C34")
    page.locator("#codes label", has_text="C34.1").first.click()
    settle(page)
    page.locator("#asked label", has_text="IIIB").first.click()
    page.locator("#answer .tier").first.wait_for()
    settle(page)
    yield Shown(name="answered", inside="main")
    with page.expect_navigation():
        page.locator("button[value=submit]").click()
    yield Shown(name="sent too early", inside="main")


def _sent_wrong(button: str) -> Callable[[Page], Iterator[Shown]]:
    """A form that is sent as it is, with something missing; the browser's own check is passed over."""

    def doing(page: Page) -> Iterator[Shown]:
        if not page.locator(f"main {button}").count():  # there is nothing to answer any more
            return
        page.eval_on_selector_all("main form", "all => all.forEach(form => { form.noValidate = true; })")
        with page.expect_navigation():
            page.locator(f"main {button}").first.click()
        settle(page)
        yield Shown(name="sent with something missing", inside="main")

    return doing


def suggesting(page: Page) -> Iterator[Shown]:
    for box in page.locator("[name=instead]").all():
        box.check()
        yield Shown(name=f"instead: {box.get_attribute('value')}", inside="main")


def _wrong_file(page: Page) -> Iterator[Shown]:
    page.locator("main [name=text]").fill("姓名,医院\n王晓安,没有的医院\n")
    with page.expect_navigation():
        page.locator("main .panel-foot [type=submit]").first.click()
    yield Shown(name="mistakes", inside="main")


def _wrong_rule(page: Page) -> Iterator[Shown]:
    page.fill("#f-minutes", "99")
    page.locator("#f-minutes").blur()
    settle(page)
    yield Shown(name="mistakes", inside="main")


DOINGS: dict[str, tuple[Callable[[Page], Iterator[Shown]], ...]] = {
    "queue": (_ticked,),
    "today": (_notices, _menus),
    "refer": (_typed_referral,),
    "invitation": (suggesting, _sent_wrong("[value=decline]")),
    "answer": (suggesting,),
    "people_import": (_wrong_file,),
    "rule_edit": (_wrong_rule,),
    "person_new": (_sent_wrong(".btn-primary[type=submit]"),),
    "room_new": (_sent_wrong(".btn-primary[type=submit]"),),
    "team_new": (_sent_wrong(".btn-primary[type=submit]"),),
    "block_new": (_sent_wrong(".btn-primary[type=submit]"),),
    "session_cancel": (_sent_wrong("[type=submit]"),),
}
