"""What benchmarks of questions share: a run of items, what it says, its scores and its report; and the command of those in one file."""
