"""gunicorn's settings, by environment variables."""

from mdt_portal import environment as env

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
