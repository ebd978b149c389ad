"""The native stack: everything that `make run` and `make test` need on a bare machine, without containers.

bootstrap   virtual environment and locked packages; standard library only, run by path with the system's Python
sources     where PostgreSQL and the broker are found
postgres    one cluster: created, started, spoken to
broker      one Redis-compatible server
processes   children that end with their parent
supervisor  restarts a dead child
workspace   the data directory: secrets, locks, who is running
services    PostgreSQL and broker for the length of one command
run         `make run`
"""
