"""Pictures of surfaces drawn by code, good and with a flaw, to measure `surface_defect` on. Never part of a pod."""
