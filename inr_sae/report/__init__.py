"""The report: figures, tables and sentences made from the rows of a study, and the page that holds them."""
