"""What the harness costs. `make bench` runs it; figures are printed, never asserted elsewhere without a margin."""
