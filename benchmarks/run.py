"""`make bench`: rates as ratios of something bare on the same machine in the same run.

A machine's speed says nothing, so nothing here is a limit. Rounds are interleaved and the median counts.
"""

from __future__ import annotations

from benchmarks import bookings, checkins, feeds, gate, reads

if __name__ == "__main__":
    print("SQLite, the demonstration district, 8 clients")
    reads.measure()
    print("\nCalendar feeds on SQLite, 8 clients")
    feeds.measure()
    print("\nPostgreSQL, 16 clients, beside pgbench doing the same writes")
    bookings.measure()
    checkins.measure()
    print("\nThe gate in Chromium")
    gate.measure()
