"""What the answers of recognisers mean: one module each."""
