"""The texts and vectors of bench/vectors: the glosses of WordNet embedded by a real model, and synthetic
vectors of other dimensions that are fitted to them. Made once and kept with the models."""

import os
import pathlib
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = pathlib.Path(os.environ.get("LLMSPELL_BUILD") or ROOT / ".build") / "models"
WORDNET = pathlib.Path("/usr/share/wordnet")


def glosses():
    """[(topic, text)]: each gloss once, with the number of its lexicographer file, 45 topics."""
    found = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (WORDNET / f"data.{part}").read_text(encoding="ascii").splitlines():
            if not line.startswith(" "):
                found.setdefault(line.split(" | ", 1)[1].strip(), int(line.split(" ", 2)[1]))
    return [(topic, text) for text, topic in found.items()]


def wordnet(count=None, say=lambda text: None):
    """(topics, vectors of 384 dimensions) of the first `count` glosses, or of all, in an order that is shuffled once for all."""
    kept = MODELS / "wordnet.npz"
    texts = glosses()
    texts = [texts[n] for n in numpy.random.default_rng(11).permutation(len(texts))][:count]
    vectors = numpy.load(kept)["vectors"] if kept.exists() else numpy.empty((0, 384), numpy.float32)
    if len(vectors) < len(texts):
        sys.path.insert(0, str(ROOT / "demo"))
        from embedder import Embedder

        say(f"embedding {len(texts) - len(vectors):,} glosses, some minutes, once")
        vectors = numpy.concatenate([vectors, Embedder(MODELS)([text for _, text in texts[len(vectors):]])])
        numpy.savez(kept.with_suffix(".new.npz"), vectors=vectors)
        kept.with_suffix(".new.npz").rename(kept)
    return numpy.array([topic for topic, _ in texts]), vectors[:len(texts)]


def synthetic(vectors, topics, dims, count, noise=0.25, seed=7):
    """`count` unit vectors of `dims` dimensions fitted to real ones, with their topics: points between a real
    vector and one of its neighbours, which keeps how densely neighbours lie, and noise with the spectrum of the
    real set's residuals, extended by its power-law tail, all turned at random."""
    chance = numpy.random.default_rng(seed)
    residuals = vectors - vectors.mean(0)
    spectrum, basis = numpy.linalg.eigh(numpy.cov(residuals, rowvar=False))
    spectrum, basis = spectrum[::-1], basis[:, ::-1]
    ranks = numpy.arange(1, len(spectrum) + 1)
    body = slice(len(spectrum) // 4, len(spectrum) * 3 // 4)
    slope, level = numpy.polyfit(numpy.log(ranks[body]), numpy.log(numpy.maximum(spectrum[body], 1e-12)), 1)
    tail = numpy.exp(level + slope * numpy.log(numpy.arange(len(spectrum) + 1, dims + 1)))
    whole = numpy.concatenate([spectrum, tail])[:dims]
    whole *= noise * spectrum.sum() / whole.sum()
    scale = numpy.sqrt(numpy.maximum(whole, 0)).astype(numpy.float32)
    turn = numpy.linalg.qr(chance.standard_normal((dims, dims)))[0].astype(numpy.float32)
    first = chance.integers(len(vectors), size=count)
    made = numpy.empty((count, dims), numpy.float32)
    for start in range(0, count, 2048):
        part = slice(start, min(start + 2048, count))
        likeness = vectors[first[part]] @ vectors.T
        near = numpy.argpartition(-likeness, 10, axis=1)[:, :10]
        second = near[numpy.arange(len(near)), chance.integers(10, size=len(near))]
        share = chance.random((len(near), 1), dtype=numpy.float32)
        point = numpy.zeros((len(near), dims), numpy.float32)
        point[:, : vectors.shape[1]] = (vectors[first[part]] * (1 - share) + vectors[second] * share) @ basis
        made[part] = (point + chance.standard_normal(point.shape, dtype=numpy.float32) * scale) @ turn
    made /= numpy.linalg.norm(made, axis=1, keepdims=True)
    return made, topics[first]
