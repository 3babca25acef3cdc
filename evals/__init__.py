"""What follows from traces: every eval is a fold over them."""
