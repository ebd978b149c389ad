"""The pages that others wrote, Django's admin and the API's docs, work under our Content-Security-Policy."""

import pytest
from django.contrib.auth import get_user_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin_page(page, live_server, client):
    """A page of a signed-in administrator, and what the browser complained of."""
    client.force_login(get_user_model().objects.create_superuser("root", password="unused"))
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/group/", "/admin/auth/group/add/"])
def test_admin(admin_page, live_server, path):
    admin_page.goto(f"{live_server.url}{path}", wait_until="networkidle")
    assert admin_page.locator("#site-name").is_visible()
    assert admin_page.complaints == []


def test_api_docs_list_the_operations(admin_page, live_server):
    admin_page.goto(f"{live_server.url}/api/docs/")
    admin_page.locator(".opblock").first.wait_for()
    assert admin_page.complaints == []
