"""Lists of people and memberships: CSV and Parquet files (kind `csv`) and SQL databases (kind `sql`).

Needs: files the run may read, or a SQLAlchemy address and a query; for columns whose names are not well
known, a mapping in the connection.
Reads: one row per person, and one per membership where a second list is named.
Speed: whole files and one transaction; nothing is paced.
"""
