"""What pages read of one day: the board on a time axis, and whom to call."""
