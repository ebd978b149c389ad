"""Takes the pictures of docs/tour.md, from a portal of its own with demo data.

    make screenshots                                        all of them; about five minutes
    python docs/screenshots.py --url http://127.0.0.1:8000 --only queue     from a portal that runs already

Each picture is a page, a width, a theme and a language; `STEPS` says what is done before it is taken.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PASSWORD = "mdt-demo-2026"  # noqa: S105  opens invented data only
READY_S = 300
sys.path.insert(0, str(ROOT))

from mdt_portal.native import browser as native_browser  # noqa: E402
from mdt_portal.native.processes import free_port  # noqa: E402

Step = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    name: str
    path: str
    user: str = "coordinator"
    width: int = 1280
    height: int = 860
    theme: str = "light"
    language: str = "en"
    before: Step | None = None


# What is done before a picture ----------------------------------------------------------------------------------------


def first(selector: str) -> Step:
    """Open the first link that fits."""
    return lambda page: page.goto(page.locator(selector).first.evaluate("link => link.href"))


def and_then(*steps: Step) -> Step:
    def all_of_them(page: Page) -> None:
        for step in steps:
            step(page)

    return all_of_them


def type_a_referral(page: Page) -> None:
    page.fill("[name=search]", "肺癌" if "zh" in (page.locator("html").get_attribute("lang") or "") else "lung cancer")
    page.locator("#codes label", has_text="C34").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    page.locator("#answer .tier").wait_for()
    page.locator("#answer time").first.wait_for()
    page.wait_for_timeout(1500)


def full_week() -> str:
    """The board of the demo's first planned week: the one after this."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return f"/week/?week={today + timedelta(days=7 - today.weekday()):%G-W%V}"


def move_dialog(page: Page) -> None:
    page.locator(".b-place").first.click()
    page.locator("dialog[open]").wait_for()
    page.wait_for_timeout(1500)


def tick_three(page: Page) -> None:
    boxes = page.locator("tbody input[type=checkbox]")
    for number in range(3):
        boxes.nth(number).check()


def plan_with_alternatives(page: Page) -> None:
    """Ask for a plan, and wait for what it offers."""
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/plans/.+"))
    page.locator("a[href*='/proposals/']").first.wait_for(timeout=180_000)
    page.reload()


def new_rule_version(page: Page) -> None:
    """Widen a rule, so that the preview has something to say."""
    page.goto(page.url.rstrip("/") + "/rules/LUNG-3B/edit/")
    page.fill("#f-minutes", "25")
    page.select_option("#f-clause-0", "II")
    page.fill("#reason", "Guideline of 2026")
    page.locator("button.btn-primary[value=save]").click()
    page.wait_for_url("**/rules/LUNG-3B/?version=*")
    page.locator(".page-head .btn-primary").click()
    page.locator("#effect svg").first.wait_for()


SHOTS = (
    Shot(name="today", path="/"),
    Shot(name="queue", path="/queue/", theme="dark", language="zh-hans", before=tick_three),
    Shot(name="refer", path="/refer/", language="zh-hans", height=1000, before=type_a_referral),
    Shot(name="board", path=full_week(), height=900),
    Shot(name="move", path=full_week(), theme="dark", before=move_dialog),
    Shot(name="alternatives", path="/plans/new/", language="zh-hans", height=1240, before=plan_with_alternatives),
    Shot(
        name="proposal",
        path="/plans/",
        before=and_then(first("main a[href*='/plans/']:not([href*=new])"), first("a[href*='/proposals/']")),
    ),
    Shot(name="why", path="/queue/?blocked=nothing", theme="dark", before=first("a[href*='/why/']")),
    Shot(
        name="agenda",
        path="/sessions/",
        language="zh-hans",
        height=1100,
        before=and_then(first("main a[href*='/sessions/']"), first("a[href*='/agenda/']")),
    ),
    Shot(name="seats", path="/seats/", user="expert", width=390, height=844),
    Shot(name="today-phone", path="/", width=390, height=844, theme="dark", language="zh-hans"),
    Shot(name="catalogue", path="/catalogue/", user="catalogue", before=new_rule_version),
)


# Taking them ----------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="python docs/screenshots.py")
    parser.add_argument("--url", help="a portal with demo data that runs already")
    parser.add_argument("--only", nargs="*", help="names of pictures; else all")
    options = parser.parse_args()
    wanted = [shot for shot in SHOTS if not options.only or shot.name in options.only]
    with contextlib.ExitStack() as running:
        url = options.url or running.enter_context(_portal())
        playwright = running.enter_context(sync_playwright())
        program = native_browser.find()
        chromium = playwright.chromium.launch(executable_path=program, args=native_browser.ARGUMENTS)
        for shot in wanted:
            _take(chromium, url, shot)
            print(f"✓ {shot.name}", flush=True)


def _take(chromium: Browser, url: str, shot: Shot) -> None:
    phone = shot.width < 600
    context = chromium.new_context(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        reduced_motion="reduce",
        base_url=url,
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto("/login/")
    page.fill("[name=username]", shot.user)
    page.fill("[name=password]", PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"^(?!.*/login/)"))
    names = {"django_language": shot.language, "theme": shot.theme}
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in names.items()])
    page.goto(shot.path)
    if shot.before is not None:
        shot.before(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"tour-{shot.name}.png")
    context.close()


@contextlib.contextmanager
def _portal() -> Iterator[str]:
    """A portal with demo data and a first published week, thrown away afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mdt-tour-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the servers' account must get in
        environment = os.environ | {"MDT_DATA_DIR": folder}
        command = [sys.executable, "-m", "mdt_portal.native.run", "--port", str(port)]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
            try:
                _wait_until_ready(child)
                yield f"http://127.0.0.1:{port}"
            finally:
                child.terminate()
                child.communicate()  # its last words


def _wait_until_ready(child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + READY_S
    assert child.stdout is not None
    for line in child.stdout:
        print(line, end="", flush=True)
        if "is ready" in line:
            return
        if time.monotonic() > deadline:
            break
    raise SystemExit("the portal did not come up")


if __name__ == "__main__":
    main()
