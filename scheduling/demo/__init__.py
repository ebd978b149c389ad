"""Demo data: an invented alliance with its people, rooms and cases, calibrated by published figures on MDTs.

    seed ──▶ places ──▶ people ──▶ teams ──▶ hours ──▶ accounts ──▶ referrals        (each part has its own stream
                                                                                        of random numbers)
Everybody here is invented; a likeness to real persons is chance.
"""
