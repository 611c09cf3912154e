"""Classification with label sets without end: words and phrases as labels, the texts a teacher finds near them as cases.

The teacher's file is made by teacher.py. Without one these tasks are empty and the sampler draws others.
"""
import os
import numpy as np
from . import classify, phrases

MARGIN = 0.07  # a text counts for a label only if it is nearer to it by this cosine than to every other label shown
RANKED = 0.40  # a label needs 21 texts of at least this cosine; a text at least three quarters of it
EMPTY = dict(family='topic', task='', labels=None, examples=[], cases=[])


class Teacher:
    """vectors: unit rows of all texts and then of all labels; row(text) is the number of one, -1 if unknown."""

    def __init__(self, path):
        with np.load(path) as z:
            texts, self.labels, near, own = z['texts'].tolist(), z['labels'].tolist(), z['near'], z['label_vectors']
            self.vectors, self.tokens = np.concatenate([z['vectors'], own]), z['tokens']
        self.texts, self.near, self.own = texts, near, own.astype(np.float32)
        self.number = {t: i for i, t in enumerate(texts)}
        for i, l in enumerate(self.labels):
            self.number.setdefault(l, len(texts) + i)
        like = np.stack([self.vectors[n].astype(np.float32) @ v for n, v in zip(near, self.own)])
        self.good = [i for i in range(len(self.labels)) if like[i, min(20, near.shape[1] - 1)] > RANKED]

    def row(self, text):
        return self.number.get(text, self.number.get(text.lower().replace('_', ' ').replace('-', ' '), -1))


def load(folder):
    path = os.path.join(folder, 'teacher.npz')
    return Teacher(path) if os.path.exists(path) else None


def draw(r, t, n):
    """{label: texts} of n labels that differ in meaning."""
    for _ in range(20):
        pick = r.sample(t.good, n)
        v = t.own[pick]
        if (v @ v.T - np.eye(n)).max() < 0.55:
            break
    out = {}
    for i, l in enumerate(pick):
        near = t.near[l]
        s = t.vectors[near].astype(np.float32) @ v.T
        rest = np.delete(s, i, 1).max(1) if n > 1 else 0
        out[t.labels[l]] = [t.texts[near[j]] for j in np.nonzero((s[:, i] - rest > MARGIN) & (s[:, i] > 0.75 * RANKED))[0]]
    return out


def topic(r, pools, split, n, ev):
    if not pools.teacher or ev or len(pools.teacher.good) < 6:
        return EMPTY
    by = {l: x for l, x in draw(r, pools.teacher, r.choice([2, 3, 3, 4, 4, 5, 6])).items() if len(x) >= 6}
    return classify.make(r, pools, 'topic', by, list(by), n, ev, symbols=.2)


def yes_no(r, pools, split, n, ev):
    if not pools.teacher or ev or len(pools.teacher.good) < 6:
        return EMPTY
    (l, near), = draw(r, pools.teacher, 1).items()
    t = pools.teacher
    v = t.own[t.labels.index(l)]
    far = [x for x in r.sample(range(len(t.texts)), 60) if t.vectors[x].astype(np.float32) @ v < 0.15]
    cond = r.choice(['is about {}', 'concerns {}', 'has to do with {}', 'mentions {}', 'talks about {}', 'relates to {}']).format(r.choice([l, f'"{l}"']))
    y, no = r.choice([('yes', 'no')] * 3 + [('true', 'false'), ('Yes', 'No'), (l, 'other'), ('match', 'no match'), ('on topic', 'off topic')])
    return classify.make(r, pools, 'topic yes/no', {y: near, no: [t.texts[x] for x in far]}, [y, no], n, ev,
                         spec=lambda out: phrases.yes_no(r, cond, y, no), rename=str)
