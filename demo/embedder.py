"""Sentence embeddings by all-MiniLM-L6-v2, 384 dimensions of length 1; scripts/models-setup fetches the model.

    python embedder.py MODELS < lines > vectors

As a program it reads one text per line and writes 384 floats of 4 bytes for each, so that a caller needs
neither onnxruntime nor numpy.
"""
import sys
from pathlib import Path

import numpy
import onnxruntime
from tokenizers import Tokenizer

DIMS = 384


class Embedder:
    def __init__(self, models, threads=0):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(Path(models) / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name for i in self.session.get_inputs()}
        self.tokenizer = Tokenizer.from_file(str(Path(models) / "tokenizer.json"))
        self.tokenizer.enable_truncation(128)
        self.tokenizer.enable_padding()

    def __call__(self, texts, batch=64):
        """An array of len(texts) x 384, float32."""
        vectors = numpy.empty((len(texts), DIMS), numpy.float32)
        # Texts of a length together: padding is wasted work.
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), batch):
            chosen = order[start:start + batch]
            tokens = self.tokenizer.encode_batch([texts[n] for n in chosen])
            given = {"input_ids": numpy.array([t.ids for t in tokens], numpy.int64),
                     "attention_mask": numpy.array([t.attention_mask for t in tokens], numpy.int64),
                     "token_type_ids": numpy.array([t.type_ids for t in tokens], numpy.int64)}
            found = self.session.run(None, {name: value for name, value in given.items() if name in self.inputs})[0]
            if found.ndim == 3:
                mask = given["attention_mask"][:, :, None]
                found = (found * mask).sum(1) / mask.sum(1)
            vectors[chosen] = found / numpy.linalg.norm(found, axis=1, keepdims=True)
        return vectors


if __name__ == "__main__":
    lines = sys.stdin.read().splitlines()
    sys.stdout.buffer.write(Embedder(sys.argv[1])(lines).tobytes())
