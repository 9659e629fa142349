"""The table has a line a row; the projection is that of the paper's fits."""

from inr_sae.tools.bench import table, timing


def test_each_rate_stands_beside_the_best_matrix_product():
    rows = [
        timing.row("matrix product 2x2x2", ([1.0], None), 100e9),
        timing.row("matrix product 3x3x3", ([1.0], None), 200e9),
        timing.row("a step", ([0.5, 12.3456], 2**20), 25e9, ratio_to_naive=0.25, passes_ms=7.0),
        timing.row("a start", ([12.0], None)),
    ]
    header, *lines = table.lines(rows)
    assert [line.split("  ")[0] for line in lines] == [row["name"] for row in rows] and "of peak" in header
    assert "50%" in lines[0] and "100%" in lines[1]
    assert lines[2].split()[2:] == ["6422.80", "500..12346", "4", "2%", "1", "ratio_to_naive", "0.25"]
    assert lines[3].split() == ["a", "start", "12000.00", "12000..12000"]


def test_the_projection_is_of_the_backbones_that_the_paper_has():
    rows = [
        {"name": f"sweep of one image, {name}, a step of each tau", "ms": ms, "n_fits": 6}
        for name, ms in (("a", 500.0), ("b", 100.0), ("c", 1e6))
    ]
    rows.append({"name": "test-time step, a, full", "ms": 1e6})
    # Nine sweeps of 214 images, which have the pixels of 321 of the benchmark's, of 500 steps of 0.6 s each.
    pixels = (100 * 218 * 178 + 100 * 192 * 160 + 14 * 512 * 768) / (218 * 178)
    said = table.projection(rows, ("a", "b"))
    assert "23,112 fits of 500 steps" in said and said.endswith(f" {9 * pixels * 500 * 0.6 / 3600:.1f} hours")
