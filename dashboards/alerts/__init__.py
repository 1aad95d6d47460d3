"""Alert rules for Prometheus, in both languages, each with a section of RUNBOOK.md. Pure."""
