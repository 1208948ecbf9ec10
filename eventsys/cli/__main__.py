"""`python -m eventsys.cli`."""

from eventsys.cli import main

main()
