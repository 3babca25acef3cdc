"""MM-SCALE (arXiv 2602.03665): graded moral judgement of scenarios with pictures, held against people's ratings."""
