"""Training a vision-language model on graded moral judgements: ranking losses over the scenarios of an image, LoRA, held-out images."""
