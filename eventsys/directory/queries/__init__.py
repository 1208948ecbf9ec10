"""Reads of the directory."""

from eventsys.directory.queries.actors import get_district, load_session_actor, load_token_actor

__all__ = ["get_district", "load_session_actor", "load_token_actor"]
