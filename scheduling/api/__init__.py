"""Planning under /api/v1/: cases with their place in the plan, runs and proposals, sessions, invitations, rooms."""
