"""Texts with questions and the texts that answer them: the conversations in a folder (LLMSPELL_CONVERSATIONS, or
shared/data/locomo-a beside the project), else the pages of this repository, whose headings ask for the paragraphs
under them. With embeddings, made once."""

import hashlib
import json
import os
import pathlib
import re
import sys
from dataclasses import dataclass, field

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("LLMSPELL_BUILD") or ROOT / ".build")


@dataclass
class Texts:
    """One tenant's texts in order."""

    name: str
    sessions: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    questions: list = field(default_factory=list)
    evidence: list = field(default_factory=list)  # for each question a set of positions


def conversations(folder):
    found = []
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text())
        ids = {turn["id"]: n for n, turn in enumerate(data["turns"])}
        found.append(Texts(path.stem, [str(t["session"]) for t in data["turns"]], [f"{t['speaker']}: {t['text']}" for t in data["turns"]],
                           [q["question"] for q in data["questions"]], [{ids[e] for e in q["evidence"]} for q in data["questions"]]))
    return found


def pages(most):
    """A page is a session, a paragraph a text; a heading asks for the paragraphs up to the next."""
    found = Texts("pages")
    for path in sorted((ROOT / "docs").glob("*.md"))[:most]:
        heading = None
        for block in re.split(r"\n\s*\n", re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)):
            if match := re.match(r"#+ (.*)", block.strip()):
                heading = re.sub(r"[`_]", " ", match[1])
                found.questions.append(heading)
                found.evidence.append(set())
            elif heading and len(block.split()) > 8 and not block.lstrip().startswith("|"):
                found.evidence[-1].add(len(found.texts))
                found.sessions.append(path.stem)
                found.texts.append(block.strip())
    kept = [n for n, texts in enumerate(found.evidence) if texts]
    found.questions, found.evidence = [found.questions[n] for n in kept], [found.evidence[n] for n in kept]
    return [found]


def read(quick=False):
    folder = pathlib.Path(os.environ.get("LLMSPELL_CONVERSATIONS") or ROOT.parent / "shared/data/locomo-a")
    return ("conversations", conversations(folder)) if any(folder.glob("*.json")) else ("pages", pages(4 if quick else None))


def embed(texts, say=lambda text: None):
    """Unit vectors of 384 dimensions, kept by what they are made of."""
    name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    kept = BUILD / "search" / f"{name}.npy"
    if not kept.exists():
        sys.path.insert(0, str(ROOT / "demo"))
        from embedder import Embedder

        say(f"embedding {len(texts):,} texts, once")
        kept.parent.mkdir(parents=True, exist_ok=True)
        numpy.save(kept.with_suffix(".new.npy"), Embedder(BUILD / "models")(texts))
        kept.with_suffix(".new.npy").rename(kept)
    return numpy.load(kept)


def judged(order, evidence):
    """recall@5, recall@10, MRR@10 and nDCG@10 of positions in their order."""
    gains = [1 / numpy.log2(n + 2) for n in range(10)]
    at = [n for n, text in enumerate(order[:10]) if text in evidence]
    return numpy.array([sum(n < 5 for n in at) / len(evidence), len(at) / len(evidence), 1 / (at[0] + 1) if at else 0.0,
                        sum(gains[n] for n in at) / sum(gains[:len(evidence)])])
