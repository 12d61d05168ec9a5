"""A keeper that can be left alone: when to tick, what holds it back, who signs, and what it tells its operator."""
