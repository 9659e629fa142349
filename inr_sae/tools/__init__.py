"""Commands beside a study: running it again (`rerun`), `verify`, `export`, `bench`."""
