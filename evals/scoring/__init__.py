"""What benchmarks of items share: answers from traces, accuracy, paired tests, calibration, ranking, distributions."""
