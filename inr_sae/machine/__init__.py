"""The machine: devices and precision, several processes, being asked to stop, progress."""
