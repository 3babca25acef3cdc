"""A corpus of short videos in LanceDB: their words, pictures, vectors and labels, searched, pooled and shown as a feed."""
