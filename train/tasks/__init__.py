"""The task sampler. A task: family, task (the instruction), labels or None, examples, cases [(input, output)]."""
import random
from . import classify, compose, everyday, forms, notations, phrases, records, text, topics, words
from .pools import DEV_FAMILIES, HELD_FAMILIES, TEST_FAMILIES, Pools, prose  # noqa: F401

LABELLED = [(classify.intent, 18), (classify.domain, 4), (classify.intent_yes_no, 5), (classify.opinion, 9), (classify.word_class, 9), (classify.slot_kind, 2), (topics.topic, 28), (topics.yes_no, 5)]
FREE = [(words.words, 5), (words.slots, 15), (words.instruction, 2), (classify.lookup, 7)]
COMPOSED, NOTATIONS = 34, 34  # of about 228


def generated(r, pools, split, n, ev):
    """A task of everyday.py, forms.py, text.py or records.py over fresh sentences."""
    wanted = {'dev': DEV_FAMILIES, 'test': TEST_FAMILIES}.get(split)
    for _ in range(4000):
        k = r.random()
        if k < .10:
            family, makers, about = records.triage(r, pools.names)
        elif k < .30:
            family, about, makers = everyday.family(r)
        elif k < .38:
            task = check(r, pools, n, ev)
            if task['family'] in wanted if wanted else task['family'] not in HELD_FAMILIES:
                return task
            continue
        else:
            makers = None
            family, phrasings, make = r.choices([lambda: text.picks(r), lambda: text.casing(r), lambda: text.cleaning(r), lambda: text.lists(r, pools.names), lambda: text.copies(r, pools.names), lambda: text.counts(r),
                                             lambda: records.find(r, pools.names), lambda: records.dates(r), lambda: records.normal(r, pools.names), lambda: records.repair(r, pools.names),
                                             lambda: forms.FAMILIES[r.choice(sorted(forms.FAMILIES))](r, pools.names)], [10, 9, 9, 9, 12, 4, 14, 7, 10, 14, 55])[0]()
        if family not in wanted if wanted else family in HELD_FAMILIES:
            continue
        if makers:
            return signs(r, pools, n, ev, family, makers, about)
        m = phrases.shown(r, 1)
        rows = list(dict.fromkeys(make(s) for s in sentences(r, pools, n + m, ev)))
        return dict(family=family, task=phrases.instruct(r, phrasings), labels=None, examples=rows[:m], cases=rows[m:])
    raise RuntimeError(f'no family for the split {split}')


def sentences(r, pools, n, ev):
    return [' '.join(s.split()[:r.randint(3, 11)]) for s in pools.rows(r, pools.sentences, n, ev)]


def check(r, pools, n, ev):
    cond, make = text.checks(r, pools.names)
    yes, no = r.choice([('yes', 'no')] * 4 + [('true', 'false'), ('Y', 'N'), ('present', 'absent'), tuple(pools.names(r, 2))])
    m = phrases.shown(r, 1)
    rows = [(x, yes if y else no) for x, y in (make(s) for s in sentences(r, pools, n + m, ev))]
    return dict(family={'contains a digit': 'contains digit'}.get(cond, 'check'), task=phrases.yes_no(r, cond, yes, no), labels=[yes, no], examples=rows[:m], cases=rows[m:])


def composed(r, pools, split, n, ev):
    """A rewriting task of compose.py, or a yes/no question about the shape of a text. Half show enough examples to see the pattern."""
    if r.random() < .14:
        cond, make = compose.condition(r, pools.names)
        yes, no = r.choice([('yes', 'no')] * 4 + [('true', 'false'), tuple(pools.names(r, 2))])
        m = phrases.shown(r, 1)
        rows = [(x, yes if y else no) for x, y in map(make, sentences(r, pools, n + m, ev))]
        return dict(family='shape', task=phrases.yes_no(r, cond, yes, no), labels=[yes, no], examples=rows[:m], cases=rows[m:])
    family, phrasings, make = compose.family(r, pools.names)
    m = phrases.shown(r, 3 if 'examples' in phrasings[-1] else r.choice([1, 3]))
    rows = list(dict.fromkeys(make(s) for s in sentences(r, pools, n + m, ev)))
    if compose.held_out(rows):
        return composed(r, pools, split, n, ev)
    return dict(family=family, task=phrases.instruct(r, phrasings), labels=None, examples=rows[:m], cases=rows[m:])


def signs(r, pools, n, ev, family, makers, about):
    """A labelled task made from {label: function of a sentence}: some of the labels, in any order, sometimes renamed."""
    labels = r.sample(sorted(makers), r.randint(min(len(makers), 2 + (r.random() < .5)), len(makers)))
    m = phrases.shown(r)
    order = (labels * (n + m))[:n + m]
    rows = list(dict.fromkeys((makers[l](s), l) for s, l in zip(sentences(r, pools, n + m, ev), order)))
    head, tail = rows[:m], rows[m:]
    r.shuffle(head)
    r.shuffle(tail)
    st = phrases.style(r, labels)
    new = dict(zip(labels, pools.names(r, len(labels)))) if r.random() < .3 and m >= len(labels) and not ev else {l: st(l) for l in labels}
    return dict(family=family, task=phrases.classify(r, [new[l] for l in labels], about=about), labels=[new[l] for l in labels],
                examples=[(x, new[l]) for x, l in head], cases=[(x, new[l]) for x, l in tail])


def notation(r, pools, split, n, ev):
    """A task of notations.py."""
    family, phrasings, make = notations.FAMILIES[r.choice(sorted(notations.FAMILIES))](r, pools.names)
    m = phrases.shown(r, 1)
    rows = list(dict.fromkeys(make(s) for s in sentences(r, pools, n + m, ev)))
    if compose.held_out(rows):
        return notation(r, pools, split, n, ev)
    return dict(family=family, task=phrases.instruct(r, phrasings), labels=None, examples=rows[:m], cases=rows[m:])


def sample(r, pools, split='train', n=9):
    """split: train | seen (trained families, kept rows) | labels (intents of held-out domains) | dev, test (held-out families)."""
    ev = split != 'train'
    if split == 'labels':
        return classify.intent(r, pools, split, n, ev)
    if split == 'dev':
        return r.choice([generated, generated, generated, words.slots])(r, pools, split, n, ev)
    if split == 'test':
        return r.choices([generated, words.slots, words.words, classify.intent, lambda *a: classify.opinion(*a, dom='movie text subjectivity')], [30, 4, 1, 8, 1])[0](r, pools, split, n, ev)
    menu = LABELLED + FREE + [(generated, 48), (composed, COMPOSED), (notation, NOTATIONS)]
    f = r.choices([m[0] for m in menu], [m[1] for m in menu])[0]
    task = f(r, pools, split, n, ev)
    return task if task['cases'] and task['family'] not in HELD_FAMILIES else sample(r, pools, split, n)


def rng(*seed):
    return random.Random(' '.join(map(str, seed)))
