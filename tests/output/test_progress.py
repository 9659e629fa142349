import logging

from inr_sae.output.progress import Progress


def test_a_line_tells_how_far_and_how_long():
    progress = Progress("fits", 100, done=20)
    assert progress.line(10.0).startswith("fits: 20/100")
    progress.advance(20, "31.2 dB")
    assert progress.line(60.0) == "fits: 40/100, 01:00 taken, 03:00 left, 31.2 dB"


def test_the_end_is_always_logged(caplog):
    with caplog.at_level(logging.INFO, "inr_sae"), Progress("fits", 3) as progress:
        for _ in range(3):
            progress.advance(1)
    assert [record.message.startswith("fits: 3/3") for record in caplog.records] == [True]
