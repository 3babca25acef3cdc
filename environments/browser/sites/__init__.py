"""One small file a site: where the feed is, what identifies an item, how to read it, how to like and advance."""
