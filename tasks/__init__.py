"""HOW Prefect sees a step: names, artifacts and progress around the plain functions below."""
