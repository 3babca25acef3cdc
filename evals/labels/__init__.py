"""Labels of a corpus's videos: judges that are models, people's gold codes, their agreement, and the loadings made of them."""
