"""Pages of sign-in and of one's own account."""

from eventsys.accounts.views import account, second_factor, sign_in
from eventsys.accounts.views.blueprint import bp

__all__ = ["account", "bp", "second_factor", "sign_in"]
