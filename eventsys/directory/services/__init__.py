"""The verbs that change the directory."""

from eventsys.directory.services.departments import (
    add_service,
    create_department,
    edit_department,
    edit_service,
    move_service,
    set_department_active,
    set_service_active,
)
from eventsys.directory.services.enterprises import create_enterprise, edit_enterprise, set_enterprise_active
from eventsys.directory.services.memberships import end_membership, grant_role
from eventsys.directory.services.people import create_person, edit_person, set_person_active
from eventsys.directory.services.places import (
    create_park,
    create_place,
    edit_park,
    edit_place,
    set_park_active,
    set_place_active,
)
from eventsys.directory.services.settings import change_department_settings, change_settings
from eventsys.directory.services.staff import add_staff, edit_staff, set_staff_active

__all__ = [
    "add_service",
    "add_staff",
    "change_department_settings",
    "change_settings",
    "create_department",
    "create_enterprise",
    "create_park",
    "create_person",
    "create_place",
    "edit_department",
    "edit_enterprise",
    "edit_park",
    "edit_person",
    "edit_place",
    "edit_service",
    "edit_staff",
    "end_membership",
    "grant_role",
    "move_service",
    "set_department_active",
    "set_enterprise_active",
    "set_park_active",
    "set_person_active",
    "set_place_active",
    "set_service_active",
    "set_staff_active",
]
