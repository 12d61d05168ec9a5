"""Real market history, replayed on a real EVM against real pools."""
