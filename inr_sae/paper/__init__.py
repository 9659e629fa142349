"""The published numbers, the claims, and what of a run each claim is judged by: functions of rows."""
