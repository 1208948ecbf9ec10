"""The WSGI entry: `granian --interface wsgi wsgi:app`."""

from eventsys.app import create_app

app = create_app()
