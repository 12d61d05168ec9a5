"""The owner's side: flows, goals, the profile behind a mandate, and one view of everything. It cannot sign."""
