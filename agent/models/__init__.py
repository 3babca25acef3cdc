"""Model providers behind one contract: `ask(Prompt) -> Reply`."""
