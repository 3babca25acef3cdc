"""Many sessions as one experiment: planned from a TOML file, run within limits by one or more workers, resumed from what is on disk."""
