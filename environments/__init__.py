"""Where stimuli come from: feeds in process, feeds in a browser, decks of items."""
