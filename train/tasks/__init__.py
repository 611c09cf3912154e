"""The task sampler. A task: family, task (the instruction), labels or None, examples, cases [(input, output)]."""
import random
from . import classify, phrases, records, text, words
from .pools import HELD_FAMILIES, Pools, prose  # noqa: F401

LABELLED = [(classify.intent, 20), (classify.domain, 4), (classify.intent_yes_no, 5), (classify.opinion, 9), (classify.word_class, 9), (classify.slot_kind, 2)]
FREE = [(words.words, 5), (words.slots, 15), (words.instruction, 2), (classify.lookup, 9)]


def generated(r, pools, split, n, ev):
    """A task of text.py or records.py over fresh sentences."""
    want = split == 'family'
    for _ in range(400):
        k = r.random()
        if k < .12 and not want:
            return triage(r, pools, n, ev)
        if k < .22:
            task = check(r, pools, n, ev)
        else:
            f = r.choices([lambda: text.picks(r), lambda: text.casing(r), lambda: text.cleaning(r), lambda: text.lists(r, pools.names), lambda: text.copies(r, pools.names), lambda: text.counts(r),
                           lambda: records.find(r, pools.names), lambda: records.dates(r), lambda: records.normal(r, pools.names), lambda: records.repair(r, pools.names)], [10, 9, 9, 9, 12, 4, 14, 7, 10, 14])[0]
            family, forms, make = f()
            task = dict(family=family)
        if (task['family'] in HELD_FAMILIES) != want:
            continue
        if 'cases' in task:
            return task
        m = phrases.shown(r, 1)
        rows = list(dict.fromkeys(make(s) for s in sentences(r, pools, n + m, ev)))
        return dict(family=family, task=phrases.instruct(r, forms), labels=None, examples=rows[:m], cases=rows[m:])
    raise RuntimeError(f'no family for the split {split}')


def sentences(r, pools, n, ev):
    return [' '.join(s.split()[:r.randint(3, 11)]) for s in pools.rows(r, pools.sentences, n, ev)]


def check(r, pools, n, ev):
    cond, make = text.checks(r, pools.names)
    yes, no = r.choice([('yes', 'no')] * 4 + [('true', 'false'), ('Y', 'N'), ('present', 'absent'), tuple(pools.names(r, 2))])
    m = phrases.shown(r, 1)
    rows = [(x, yes if y else no) for x, y in (make(s) for s in sentences(r, pools, n + m, ev))]
    return dict(family={'contains a digit': 'contains digit'}.get(cond, 'check'), task=phrases.yes_no(r, cond, yes, no), labels=[yes, no], examples=rows[:m], cases=rows[m:])


def triage(r, pools, n, ev):
    family, makers, about = records.triage(r, pools.names)
    labels = list(makers)
    r.shuffle(labels)
    m = phrases.shown(r)
    order = (labels * (n + m))[:n + m]
    rows = [(makers[l](s), l) for s, l in zip(sentences(r, pools, n + m, ev), order)]
    head = rows[:m]
    r.shuffle(head)
    new = dict(zip(labels, pools.names(r, len(labels)))) if r.random() < .3 and m >= len(labels) else {l: l for l in labels}
    return dict(family=family, task=phrases.classify(r, [new[l] for l in labels], about=about), labels=[new[l] for l in labels],
                examples=[(x, new[l]) for x, l in head], cases=[(x, new[l]) for x, l in rows[m:]])


def sample(r, pools, split='train', n=9):
    """split: train | seen (trained families, kept rows) | labels (held-out intent domains) | family (held-out families)."""
    ev = split == 'seen'
    if split == 'labels':
        return classify.intent(r, pools, split, n, ev)
    if split == 'family':
        f = r.choice([words.words, words.slots, generated, generated, lambda *a: classify.opinion(*a, dom='movie text subjectivity')])
        return f(r, pools, split, n, ev)
    menu = LABELLED + FREE + [(generated, 32)]
    f = r.choices([m[0] for m in menu], [m[1] for m in menu])[0]
    task = f(r, pools, split, n, ev)
    return task if task['cases'] and task['family'] not in HELD_FAMILIES else sample(r, pools, split, n)


def rng(*seed):
    return random.Random(' '.join(map(str, seed)))
