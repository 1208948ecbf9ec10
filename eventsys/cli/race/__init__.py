"""`eventsys race`: many clients, two servers, and the proof that nothing is oversold or lost."""
