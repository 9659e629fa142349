"""The explorer: a static page to look around in dictionaries, and what packs its data."""
