"""The single record of what happened: events, their writer, their reader, and frames by hash."""
