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


def wordnet(say=lambda text: None):
    """(texts, topics, vectors of 384 dimensions), in an order that is shuffled once for all."""
    kept = MODELS / "wordnet.npz"
    texts = glosses()
    order = numpy.random.default_rng(11).permutation(len(texts))
    texts = [texts[n] for n in order]
    if not kept.exists():
        sys.path.insert(0, str(ROOT / "demo"))
        from embedder import Embedder

        say(f"embedding {len(texts):,} glosses, some minutes, once")
        vectors = Embedder(MODELS)([text for _, text in texts])
        numpy.savez(kept.with_suffix(".new.npz"), vectors=vectors)
        kept.with_suffix(".new.npz").rename(kept)
    vectors = numpy.load(kept)["vectors"]
    return [text for _, text in texts], numpy.array([topic for topic, _ in texts]), vectors


def synthetic(vectors, topics, dims, count, seed=7):
    """`count` unit vectors of `dims` dimensions fitted to real ones, with their topics: clusters around real
    centres, inside a cluster the spectrum of the real set's residuals, extended by its power-law tail."""
    chance = numpy.random.default_rng(seed)
    centres, member = numpy.unique(topics, return_inverse=True)
    # Some 256 clusters: each topic is cut by its strongest directions.
    cluster = member.copy()
    for _ in range(3):
        parts = numpy.zeros_like(cluster)
        for c in numpy.unique(cluster):
            rows = numpy.flatnonzero(cluster == c)
            if len(rows) > 64:
                x = vectors[rows] - vectors[rows].mean(0)
                direction = x[chance.integers(len(rows))]
                for _ in range(8):
                    direction = x.T @ (x @ direction)
                    direction /= numpy.linalg.norm(direction)
                parts[rows] = x @ direction > 0
        cluster = cluster * 2 + parts
    labels, cluster = numpy.unique(cluster, return_inverse=True)
    means = numpy.stack([vectors[cluster == c].mean(0) for c in range(len(labels))])
    topic_of = numpy.array([numpy.bincount(member[cluster == c]).argmax() for c in range(len(labels))])
    residuals = vectors - means[cluster]
    spectrum, basis = numpy.linalg.eigh(numpy.cov(residuals[:: max(1, len(residuals) // 20000)], rowvar=False))
    spectrum, basis = spectrum[::-1], basis[:, ::-1]
    ranks = numpy.arange(1, len(spectrum) + 1)
    body = slice(len(spectrum) // 4, len(spectrum) * 3 // 4)
    slope, level = numpy.polyfit(numpy.log(ranks[body]), numpy.log(numpy.maximum(spectrum[body], 1e-12)), 1)
    tail = numpy.exp(level + slope * numpy.log(numpy.arange(len(spectrum) + 1, dims + 1)))
    whole = numpy.concatenate([spectrum, tail])[:dims]
    whole *= spectrum.sum() / whole.sum()  # as much spread as the real set, over more dimensions
    chosen = chance.choice(len(labels), count, p=numpy.bincount(cluster) / len(cluster))
    made = numpy.empty((count, dims), numpy.float32)
    turn = numpy.linalg.qr(chance.standard_normal((dims, dims)))[0].astype(numpy.float32)
    scale = numpy.sqrt(numpy.maximum(whole, 0)).astype(numpy.float32)
    middle = numpy.zeros((len(labels), dims), numpy.float32)
    middle[:, : means.shape[1]] = means @ basis
    for start in range(0, count, 8192):
        part = slice(start, min(start + 8192, count))
        noise = chance.standard_normal((part.stop - part.start, dims), dtype=numpy.float32) * scale
        made[part] = (middle[chosen[part]] + noise) @ turn
    made /= numpy.linalg.norm(made, axis=1, keepdims=True)
    return made, centres[topic_of[chosen]]
