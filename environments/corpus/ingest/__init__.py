"""Adding videos to a corpus: sources, one decode pass a clip, near-duplicates, and the pipeline that writes."""
