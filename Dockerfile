# One image for every process of docker-compose.yml: web, workers, beat and the migration differ in their command only.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements.txt ./
RUN pip install --require-hashes --no-deps -r requirements.txt

COPY manage.py ./
COPY controlplane controlplane
COPY deployments deployments
COPY audit audit
COPY regions regions
COPY templates templates

# Collecting asks no database; what the settings insist on is said for this one line and is in no layer.
RUN SECRET_KEY=only-for-collecting-the-static-files-at-build-time-and-never-again \
    DATABASE_URL=postgres://nobody@nowhere/none REDIS_URL=redis://nowhere \
    python manage.py collectstatic --noinput \
    && useradd --system --uid 10001 antipode \
    && install --directory --owner antipode /data

USER antipode
VOLUME /data
EXPOSE 8000
