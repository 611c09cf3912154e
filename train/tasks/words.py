"""Free-text tasks from WordNet, slots and short instruction rows."""
from . import phrases


def make(r, family, spec, rows, k):
    return dict(family=family, task=spec, labels=None, examples=rows[:k], cases=rows[k:])


SYN = ['Give a synonym', 'Return another word with the same meaning', 'What word means the same?', 'Output one synonym of the word', 'Replace the word by one that means the same', 'Synonym of the word']
ANT = ['Give the opposite of the word', 'Return the antonym', 'What is the opposite?', 'Output a word that means the contrary', 'Turn the word into its opposite']
GLOSS = ['Which word has this definition?', 'Return the word that is defined', 'Name the thing described', 'Give the word for the definition', 'Find the word that fits the definition']
USAGE = ['Fill in the missing word', 'Which word is missing at ___?', 'Return the word for the gap', 'Complete the sentence: what belongs in place of ___?']


def words(r, pools, split, n, ev):
    k, j = phrases.shown(r), r.random()
    pool = pools
    if split == 'test':
        return make(r, 'antonym', phrases.instruct(r, ANT), pool.rows(r, pool.antonyms, n + k, ev, lambda x: x[0]), k)
    if j < .5:
        return make(r, 'synonym', phrases.instruct(r, SYN), pool.rows(r, pool.synonyms, n + k, ev, lambda x: x[0]), k)
    if j < .8:
        k = min(k, 4)
        return make(r, 'definition', phrases.instruct(r, GLOSS), pool.rows(r, pool.glosses, n + k, ev, lambda x: x[1]), k)
    k = min(k, 4)
    rows = [(x.replace(w, '___', 1), w) for x, w in pool.rows(r, pool.usage, n + k, ev, lambda x: x[0])]
    return make(r, 'gap', phrases.instruct(r, USAGE), rows, k)


NONE = ['none', 'none', 'N/A', 'null', 'not given', 'missing', '-']


def slots(r, pools, split, n, ev):
    held = split in ('dev', 'test')
    side = pools.slots[split if held else 'train']
    dom, s = r.choice(sorted(k for k in side if len(side[k]) >= 12))
    k = phrases.shown(r)
    rows = list(dict.fromkeys(pools.rows(r, side[dom, s], n + k, ev, lambda x: x[0])))
    spec, j = phrases.extract(r, s), r.random()
    if j < .22 and not held and dom != 'product':  # a value that is not there
        no, have = r.choice(NONE), {x for x, _ in side[dom, s]}
        other = [x for (d, q), v in side.items() if d == dom and q != s for x in v if x[0] not in have]
        if len(other) > 40:
            none = [(x, no) for x, _ in pools.rows(r, other, max(1, (n + k) // 3), ev, lambda x: x[0])]
            rows = rows[:n + k - len(none)] + none
            r.shuffle(rows)
            spec += r.choice([' If there is none, answer {}.', ' Return {} when it is missing.', ' Without one, output {}.', ' If not mentioned: {}.']).format(r.choice([no, f'"{no}"']))
    elif j < .3:
        f, how = r.choice([(str.upper, ' in capitals'), (str.lower, ' in lower case'), (str.title, ' in title case')])
        rows, spec = [(x, f(v)) for x, v in rows], spec.rstrip('.?') + how + '.'
    elif j < .36:
        key = r.choice([s, s.replace(' ', '_')])
        rows = [(x, '{"%s": "%s"}' % (key, v)) for x, v in rows]
        spec = r.choice([f'Extract the {s} as JSON with the key {key}.', f'Return JSON: {{"{key}": ...}}', f'Output a JSON object with "{key}".'])
    return make(r, 'held slot' if held else 'slot', spec, rows, k)


def instruction(r, pools, split, n, ev):
    if not pools.templates:
        return words(r, pools, split, n, ev)
    name = r.choice(pools.templates)
    rows = pools.rows(r, pools.instructions[name], n, ev, lambda x: x[0])
    task = r.choice(['Answer the question.', 'Follow the instruction.', 'Do what the text asks.', 'Complete the task in the input.', 'Reply briefly.'])
    return make(r, 'instruction', task, rows, r.choice([0, 0, 1, 2]))
