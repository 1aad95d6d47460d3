"""Grafana boards as code. Needs the dependency group `boards`; no running process imports it."""
