"""TopK sparse autoencoders: model, training, atom statistics, atom ablation; the door is `topk.py`."""
