"""The embedded catalogue: clip specifications written by hand, and the code that draws them as video when they are needed."""
