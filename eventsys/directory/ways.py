"""Ways (pure): where something is held, and how long it takes from one park to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6_371.0
START_MINUTES, MINUTES_A_KM = 10, 3  # leaving and arriving, and 20 km/h in town
UNKNOWN_WAY_MINUTES = 30
LONGEST_WAY = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A park (primary key, None for online or unknown) with its coordinates in degrees, where known."""

    park: int | None = None
    latitude: float | None = None
    longitude: float | None = None


NOWHERE = Whereabouts()  # online, or not known


def travel_minutes(start: Whereabouts, end: Whereabouts) -> int:
    """Minutes from one park to another; none within a park, or where one of them is unknown or online."""
    if start.park is None or end.park is None or start.park == end.park:
        return 0
    if start.latitude is None or start.longitude is None or end.latitude is None or end.longitude is None:
        return UNKNOWN_WAY_MINUTES
    way = _distance_km(start.latitude, start.longitude, end.latitude, end.longitude)
    return min(START_MINUTES + round(way * MINUTES_A_KM), int(LONGEST_WAY.total_seconds()) // 60)


def _distance_km(from_latitude: float, from_longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The great circle (haversine formula)."""
    phi, psi = radians(from_latitude), radians(to_latitude)
    half = sin((psi - phi) / 2) ** 2 + cos(phi) * cos(psi) * sin(radians(to_longitude - from_longitude) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))
