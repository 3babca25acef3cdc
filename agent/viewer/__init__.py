"""The replay viewer: what was shown, asked, answered and done, read from traces and never written."""
