"""A client of the API for any user: `api(user).post("/api/v1/cases/", {...})`."""

from collections.abc import Callable

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from mdt_portal.models import User

Api = Callable[[User | None], APIClient]


@pytest.fixture
def api(db: None) -> Api:
    def sign_in(user: User | None) -> APIClient:
        client = APIClient(headers={"Accept-Language": "en"})
        if user is not None:
            token, _ = Token.objects.get_or_create(user=user)
            client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        return client

    return sign_in
