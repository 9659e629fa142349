from inr_sae.measure import spikes


def test_one_spike_at_the_end_does_not_move_where_a_training_stood():
    assert spikes.usual([10.0, 44.0, 45.0, 44.5, 44.9, 26.8]) == 44.5
    assert spikes.usual([26.8]) == 26.8
