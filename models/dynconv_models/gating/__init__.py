"""A pretrained, converted model made dynamic: masks put into its graph and trained against the model itself."""
