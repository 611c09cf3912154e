#!/usr/bin/env python3
"""Cut the small sample in this folder from the corpus: make.py CORPUS. The sample is for the smoke run only."""
import collections, json, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from tasks.pools import prose, read

corpus, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))


def write(name, rows):
    with open(os.path.join(here, name + '.jsonl'), 'w', encoding='utf-8') as f:
        f.writelines(json.dumps(d, ensure_ascii=False) + '\n' for d in rows)


def cut(rows, key, groups, each):
    """The first rows of the first groups that have enough."""
    by = collections.defaultdict(list)
    for d in rows:
        by[key(d)].append(d)
    return [d for k in [k for k in by if len(by[k]) >= each][:groups] for d in by[k][:each]]


write('intents', cut([d for d in read(corpus, 'intents') if d['source'] == 'clinc' and d['domain'] in ('banking', 'travel', 'small talk', 'home', 'work', 'kitchen and dining', 'credit cards')], lambda d: (d['domain'], d['label']), 44, 14))
write('slots', cut(read(corpus, 'slots'), lambda d: (d['source'] != 'product_reviews', d['domain'], d['slot']), 16, 24))
write('opinions', cut(read(corpus, 'opinions'), lambda d: (d['domain'], d['label']), 12, 14))
words = read(corpus, 'wordnet')
for d in words:
    d['examples'], d['synonyms'] = d['examples'][:1], d['synonyms'][:1]
write('wordnet', cut([d for d in words if d['hypernym'] and d['sense'] == 1], lambda d: d['hypernym'], 24, 10) + [d for d in words if d['antonyms']][:110])
write('instructions', cut([d for d in read(corpus, 'instructions') if d['source'] == 'instruction-induction'], lambda d: d['template'], 4, 12))
for name in ('prose', 'prose_modern'):
    with open(os.path.join(here, name + '.txt'), 'w', encoding='utf-8') as f:
        f.write(prose(corpus, name, 45_000).rsplit('\n', 1)[0] + '\n')
