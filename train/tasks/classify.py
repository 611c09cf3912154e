"""Labelled tasks from the corpus: intents, domains, yes/no, opinions, word classes, hypernyms, slot kinds."""
from . import phrases
from .pools import DEV_DOMAINS, HELD_DOMAINS, TEST_DOMAINS

SYMBOLS = 0.30  # share of classification whose labels mean nothing: only the examples can tell


def balanced(r, pools, by, labels, n, ev, key=lambda x: x):
    """(text, label) rows: one of each label first, then the rest in random order."""
    rows = [(x, l) for l in labels for x in pools.rows(r, by[l], max(2, -(-n // len(labels)) + 1), ev, key)]
    r.shuffle(rows)
    first, rest, seen = [], [], set()
    for x, l in rows:
        (rest if l in seen else first).append((x, l))
        seen.add(l)
    return first, rest


def make(r, pools, family, by, labels, n, ev, thing=None, about=None, spec=None, rename=None, symbols=SYMBOLS):
    labels = list(labels)
    if len(labels) < 2:  # a small corpus
        return dict(family=family, task='', labels=None, examples=[], cases=[])
    r.shuffle(labels)
    k = phrases.shown(r)
    first, rest = balanced(r, pools, by, labels, n + k, ev)
    meaningless = spec is None and not ev and r.random() < symbols
    if meaningless:
        if len(labels) > 4:
            labels = labels[:r.randint(2, 4)]
            first, rest = [x for x in first if x[1] in labels], [x for x in rest if x[1] in labels]
        j = r.random()
        names = r.sample('ABCDEFGHKLMNPQRSTUVWXYZ', len(labels)) if j < .08 else [str(i + 1) for i in range(len(labels))] if j < .12 else \
            pools.names(r, len(labels)) if j < .8 else [' '.join(pools.names(r, 2)) for _ in labels] if j < .9 or len(pools.hypernyms) < len(labels) else r.sample(sorted(pools.hypernyms), len(labels))
        k = max(k, r.randint(len(labels), 6))
    else:
        names = [rename(l) if rename else l for l in labels]
    st = phrases.style(r, names)
    new = {l: st(x) for l, x in zip(labels, names)}
    first, rest = [(x, new[l]) for x, l in first], [(x, new[l]) for x, l in rest]
    out = [new[l] for l in labels]
    examples, cases = (first + rest)[:k], (first + rest)[k:]
    r.shuffle(examples)
    r.shuffle(cases)
    if meaningless and examples and r.random() < .5:  # an example asked again: the easiest reason to look at the examples
        cases.insert(0, r.choice(examples))
    task = spec(out) if spec else phrases.classify(r, out, thing, about)
    return dict(family=family, task=task, labels=out, examples=examples, cases=cases)


def intent_keys(pools, split):
    want = {'labels': DEV_DOMAINS, 'test': TEST_DOMAINS}.get(split)
    return sorted(k for k in pools.intents if (k in want if want else k not in HELD_DOMAINS) and k[1] != 'out of scope')


def intent(r, pools, split, n, ev):
    keys = intent_keys(pools, split)
    src, dom = r.choice(keys)
    pool = dict(pools.intents[src, dom])
    if len(pool) < 3 or r.random() < .5:
        for k in keys:
            if k[0] == src:
                pool.update(pools.intents[k])
    pool = {l: t for l, t in pool.items() if len(t) >= 6}
    labels = r.sample(sorted(pool), min(len(pool), r.choice([2, 2, 3, 3, 4, 4, 5, 6, 7])))
    return make(r, pools, 'intent', pool, labels, n, ev)


def domain(r, pools, split, n, ev):
    keys = intent_keys(pools, split)
    doms = sorted({k[1] for k in keys})
    doms = r.sample(doms, min(len(doms), r.randint(2, 5)))
    by = {d: [t for k in keys if k[1] == d for v in pools.intents[k].values() for t in v[:60]] for d in doms}
    return make(r, pools, 'domain', by, doms, n, ev, about=r.choice(['topic', 'department', 'team', 'area', 'subject', None]))


def intent_yes_no(r, pools, split, n, ev):
    keys = intent_keys(pools, split)
    src, _ = r.choice(keys)
    pool = {l: t for k in keys if k[0] == src for l, t in pools.intents[k].items()}
    l = r.choice(sorted(pool))
    by = {'yes': pool[l], 'no': [t for k, v in pool.items() if k != l for t in v[:30]]}
    cond = r.choice(['is about {}', 'asks about {}', 'concerns {}', 'has the intent {}', 'mentions {}', 'is a request for {}']).format(r.choice([l, f'"{l}"']))
    m = r.choice([{}, {}, {}, {'yes': 'true', 'no': 'false'}, {'yes': 'Yes', 'no': 'No'}, {'yes': l, 'no': 'other'}, {'yes': 'match', 'no': 'no match'}])
    y, nn = m.get('yes', 'yes'), m.get('no', 'no')
    return make(r, pools, 'intent yes/no', by, ['yes', 'no'], n, ev, rename=lambda s: m.get(s, s), spec=lambda out: phrases.yes_no(r, cond, *sorted(out, key=lambda o: o.lower().replace('_', ' ') != y.lower())))


def opinion(r, pools, split, n, ev, dom=None):
    dom = dom or r.choice([d for d in sorted(pools.opinions) if d != 'movie text subjectivity'])
    by = pools.opinions[dom]
    labels = r.sample(sorted(by), min(len(by), r.randint(2, 5)))
    m = r.choice([{}, {}, {'positive': 'good', 'negative': 'bad'}, {'positive': 'happy', 'negative': 'unhappy'}, {'positive': 'like', 'negative': 'dislike'}, {'positive': 'praise', 'negative': 'complaint'},
                  {'positive': 'pos', 'negative': 'neg'}, {'positive': 'thumbs up', 'negative': 'thumbs down'}])
    emotion = 'emotion' in dom
    return make(r, pools, 'subjectivity' if 'subj' in dom else 'opinion', by, labels, n, ev, thing=r.choice(['comment', 'post', 'text', 'message']) if emotion else r.choice(['review', 'opinion', 'comment', 'feedback', 'text']),
                about=r.choice(['emotion', 'feeling', 'mood']) if emotion else r.choice(['sentiment', 'opinion', 'tone', 'polarity']), rename=lambda s: m.get(s, s))


def word_class(r, pools, split, n, ev):
    k = r.random()
    if k < .2:
        return make(r, pools, 'pos', pools.pos, r.sample(sorted(pools.pos), min(len(pools.pos), r.randint(2, 4))), n, ev, 'word', 'part of speech')
    if k < .5:
        by = {c: w for c, w in pools.categories[r.choice(['noun', 'noun', 'verb'])].items() if len(w) > 60}
        labels = r.sample(sorted(by), min(len(by), r.randint(2, 6)))
        return make(r, pools, 'category', by, labels, n, ev, 'word')
    labels = r.sample(sorted(pools.hypernyms), min(len(pools.hypernyms), r.randint(2, 5)))
    return make(r, pools, 'hypernym', pools.hypernyms, labels, n, ev, r.choice(['word', 'term', 'item', 'entry']), r.choice(['category', 'kind', 'hypernym', 'group']))


def slot_kind(r, pools, split, n, ev):
    """Which kind of detail is this value? Labels are slot names."""
    src = r.choice(['snips', 'hwu64'])
    by = {s: sorted(v) for (q, s), v in pools.slot_texts.items() if q == src and len(v) >= 20}
    if len(by) < 2:
        return word_class(r, pools, split, n, ev)
    labels = r.sample(sorted(by), min(len(by), r.randint(2, 5)))
    return make(r, pools, 'slot kind', by, labels, n, ev, r.choice(['value', 'phrase', 'word', 'entry']), r.choice(['kind', 'type', 'field', 'slot']))


def lookup(r, pools, split, n, ev):
    """A table in the examples; every case is one of its rows."""
    m = r.randint(3, 6)
    left, right = pools.names(r, m), pools.names(r, m)
    j = r.random()
    if j < .15:
        left = [str(x) for x in r.sample(range(10, 999), m)]
    elif j < .3:
        right = [str(x) for x in r.sample(range(10, 999), m)]
    elif j < .5:
        right = [' '.join(pools.names(r, 2)) for _ in right]
    elif j < .6:
        left = [' '.join(pools.names(r, 2)) for _ in left]
    elif j < .75:
        left = pools.rows(r, pools.sentences, m, ev)
    rows = list(zip(left, right))
    task = phrases.instruct(r, ['Look the key up in the table', 'Return the value that belongs to the {t}', 'Translate with this dictionary', 'Output what is paired with the {t}', 'Map the {t} to its code', 'Replace the key by its value',
                                'Use the table of examples', 'Answer as in the examples', 'Repeat the answer given before for the same {t}'])
    return dict(family='lookup', task=task, labels=r.sample(right, m) if r.random() < .3 and len(set(right)) == m else None, examples=rows, cases=r.sample(rows, m) + r.sample(rows, m))
