"""Made-up scenes whose events are known, looked at by a detector and a tracker that err: what rules are measured by."""
