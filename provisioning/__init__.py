"""Pure functions over validated frames: no clock, no network, no database, no Prefect."""
