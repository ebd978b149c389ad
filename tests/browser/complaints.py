"""What the browser complains of while a test uses a page."""

from __future__ import annotations

import re

from playwright.sync_api import ConsoleMessage, Page

ABORTED = "htmx:sendAbort"


def of(page: Page, *, but: re.Pattern[str] | None = None) -> list[str]:
    """Every line of the console and every error from now on, with its address; `but` names lines that are meant.

    htmx writes two lines when the page itself takes a request back, because a newer one replaces it (hx-sync): that is
    meant, and whether it happens depends on how fast somebody types. They are no complaint. A request that the network
    broke has another second line (htmx:sendError), and is one.
    """
    heard: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.text.startswith(ABORTED) and heard and "htmx:afterRequest" in heard[-1]:
            heard.pop()
        elif not (but and but.search(message.text)):
            heard.append(f"{page.url}: {message.text}")

    page.on("console", console)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    return heard
