# The image of web, workers and beat; docker-compose.yml starts it three times with other commands.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/venv/bin:$PATH
# Never start servers or demo data of our own in here: a missing secret must stop the container.
ENV MDT_DEMO=0

WORKDIR /app
# Pango makes the agendas PDFs; the font has the Chinese glyphs.
RUN apt-get update && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei && rm -rf /var/lib/apt/lists/*
COPY requirements/production.txt requirements/
RUN python -m venv /venv && pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/production.txt

COPY manage.py ./
COPY locale locale
COPY static static
COPY templates templates
COPY mdt_portal mdt_portal
COPY experts experts
COPY cases cases
COPY scheduling scheduling
RUN python -c "from mdt_portal import translations; translations.compile_all()" \
    && SECRET_KEY=- FIELD_ENCRYPTION_KEY=- SEARCH_HASH_KEY=- ALLOWED_HOSTS=- DATABASE_URL=postgresql:// BROKER_URL=redis:// \
       python manage.py collectstatic --noinput \
    && useradd --system --uid 10001 mdt
USER mdt

EXPOSE 8000
CMD ["python", "-m", "gunicorn", "mdt_portal.wsgi", "--config", "python:mdt_portal.operations.gunicorn_settings"]
