#!/usr/bin/env python3
"""Write held-out families as programs that `paw eval` reads: specs as people write them, cases that no spec shows.

    testset.py --corpus DIR --out FILE [--split test|dev] [--tasks 160] [--cases 8]

Families of the split `test` are never trained on; look at them once per shipped model.
"""
import argparse, json
import tasks
from tasks import specs

EXTRACT = {'postcode', 'ticket id', 'speaker', 'url host', 'mail subject', 'find hashtag', 'csv column', 'last item', 'held slot', 'last word', 'base name'}
GENERATE = {'antonym', 'acronym', 'hashtag', 'month number', 'ordinal', 'count items'}


def kind(task):
    return 'classify' if task['labels'] else 'extract' if task['family'] in EXTRACT else 'generate' if task['family'] in GENERATE else 'transform'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--corpus', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--split', default='test', choices=['test', 'dev'])
    p.add_argument('--tasks', type=int, default=160)
    p.add_argument('--cases', type=int, default=8)
    a = p.parse_args()
    pools, n, i = tasks.Pools(a.corpus), 0, 0
    with open(a.out, 'w', encoding='utf-8') as f:
        while n < a.tasks:
            r = tasks.rng('testset', a.split, i)
            i += 1
            t = tasks.sample(r, pools, a.split if a.split == 'test' or r.random() < .7 else 'labels', n=a.cases + 8)
            # Up to twelve examples: half of the specs turn some cases into more of them.
            more = r.randint(0, 6) if r.random() < .5 and len(t['examples']) > 3 else 0
            t = dict(t, examples=t['examples'] + t['cases'][:more])
            shown = {x for x, _ in t['examples']}
            cases = [(x, y) for x, y in dict.fromkeys(t['cases'][more:]) if x not in shown and x.strip() and y.strip()][:a.cases]
            if len(cases) < 4 or any('\n' in x + y for x, y in t['examples'] + cases):
                continue
            text = specs.spec(r, t) if not t['examples'] else specs.canonical(t)
            if len(text) < 10:
                continue
            name = t['family'].replace(' ', '-') + f'-{n + 1}'
            f.write(json.dumps(dict(name=name, kind=kind(t), family=t['family'], spec=text, cases=[dict(input=x, output=y) for x, y in cases]), ensure_ascii=False) + '\n')
            n += 1
    print(f'{n} programs')


if __name__ == '__main__':
    main()
