"""Many configurations of one mandate over one history: their grid, their runs, and what is left of the best one."""
