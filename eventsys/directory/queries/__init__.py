"""Reads of the directory."""

from eventsys.directory.queries.actors import get_district, load_session_actor, load_token_actor, roles_of, uid_host
from eventsys.directory.queries.organisations import (
    all_departments,
    all_parks,
    all_tags,
    find_department,
    find_enterprise,
    find_park,
    find_place,
    get_department,
    get_enterprise,
    get_park,
    get_place,
    get_service,
    list_departments,
    list_enterprises,
    list_parks,
    list_places,
    sub_districts,
)
from eventsys.directory.queries.people import get_membership, get_person, list_people, memberships_of
from eventsys.directory.queries.settings import district_settings, settings_of
from eventsys.directory.queries.trail import TrailFilter, list_audit

__all__ = [
    "TrailFilter",
    "all_departments",
    "all_parks",
    "all_tags",
    "district_settings",
    "find_department",
    "find_enterprise",
    "find_park",
    "find_place",
    "get_department",
    "get_district",
    "get_enterprise",
    "get_membership",
    "get_park",
    "get_person",
    "get_place",
    "get_service",
    "list_audit",
    "list_departments",
    "list_enterprises",
    "list_parks",
    "list_people",
    "list_places",
    "load_session_actor",
    "load_token_actor",
    "memberships_of",
    "roles_of",
    "settings_of",
    "sub_districts",
    "uid_host",
]
