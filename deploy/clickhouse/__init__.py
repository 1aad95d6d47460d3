"""The ClickHouse engine (chDB) behind ClickHouse's own HTTP interface, for one machine."""
