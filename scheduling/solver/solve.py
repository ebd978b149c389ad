"""solve(problem): the best plan within the limit, never an empty answer."""
