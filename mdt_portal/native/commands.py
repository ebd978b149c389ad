"""The long-running processes of the portal, the same in the native stack, in the tests and in docker-compose.yml."""

WEB = ["gunicorn", "mdt_portal.wsgi", "--config", "python:mdt_portal.operations.gunicorn_settings"]
BEAT = ["celery", "--app", "mdt_portal", "beat", "--loglevel", "warning"]  # told apart by its schedule file


def worker(*queues: str, concurrency: int, name: str | None = None) -> list[str]:
    """A prefork worker; without gossip and mingle, since workers need not know each other."""
    return [
        *("celery", "--app", "mdt_portal", "worker", "--pool", "prefork"),
        *("--queues", ",".join(queues), "--concurrency", str(concurrency)),
        *("--hostname", f"{name or '-'.join(queues)}@%h", "--without-gossip", "--without-mingle"),
    ]
