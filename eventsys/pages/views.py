"""Pages that span features."""

from flask import Blueprint

from eventsys.web.guards import public

bp = Blueprint("pages", __name__)


@bp.get("/")
@public
def home() -> str:
    """What comes this month."""
    return "home"
