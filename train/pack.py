"""Rows: a shared prefix (segment 0) and cases (1, 2, ...) that see the prefix and themselves only, with positions
restarting after the prefix. The numbers are those of inference; the prefix is paid for once."""
import numpy as np
from prompts import W_OUT, W_PROMPT, case, prefix, target


def task_row(tok, task, length, meaning=None):
    """(ids, segments, positions, weights, marks, keys, asks, copies) or None if nothing fits.

    mark: the number meaning(text) gives to the text that ends at this token (a case, an example's input, a label), else -1.
    key: which answer of the prompt ends here (a label, an example's output), counted from 1, else 0.
    ask: at the end of a case's input, which of those answers is right, 0 if none of them is or all are the same.
    copy: in cases of tasks without labels 1 at the tokens of an input and 2 where a token of the answer is predicted, else 0."""
    ids, w, ends = prefix(tok, task, min(250, length - 40))
    if len(ids) > length - 16:
        return None
    ids, w = list(ids), list(w)
    base, seg, pos = len(ids), [0] * len(ids), list(range(len(ids)))
    mark, key, ask, copy, answers = [-1] * base, [0] * base, [0] * base, [0] * base, {}
    free = not task['labels']
    for at, text, answer in ends:
        if meaning and text is not None:
            mark[at] = meaning(text)
        if answer is not None:
            key[at] = answers.setdefault(answer, len(answers) + 1)
    n = 0
    for a, b in task['cases']:
        i, o = case(tok, a), target(tok, b)
        if len(ids) + len(i) + len(o) > length:
            continue
        n += 1
        ids += i + o
        seg += [n] * (len(i) + len(o))
        pos += range(base, base + len(i) + len(o))
        w += [W_PROMPT] * len(i) + [W_OUT] * len(o)
        mark += [-1] * (len(i) - 1) + [meaning(a) if meaning else -1] + [-1] * len(o)
        key += [0] * (len(i) + len(o))
        ask += [0] * (len(i) - 1) + [answers.get(b, 0) if len(answers) > 1 else 0] + [0] * len(o)
        copy += [int(free)] * (len(i) - 1) + [2 * free] * len(o) + [0]
        # The marker after the input and the tokens of the prompt's frame teach nothing.
        w[len(w) - len(o) - 1] = 0.0
    return (ids, seg, pos, w, mark, key, ask, copy) if n else None


def batch(rows, length, marks=False):
    """Arrays ids, seg, pos, w (and marks, keys, asks, copies) of one length; padding has segment -1, no weight and no mark."""
    out = [np.zeros((len(rows), length), t) for t in (np.int64, np.int64, np.int64, np.float32, np.int64, np.int64, np.int64, np.int64)[:8 if marks else 4]]
    for x in out[1:2] + out[4:5]:
        x -= 1
    for i, row in enumerate(rows):
        for o, v in zip(out, row):
            o[i, :len(v)] = v
    return out


def targets(w, count, random):
    """Flat places of exactly `count` targets of weights w (rows, length), predicted one place earlier, and their weights:
    all answers, then others at random, then places of no weight. A fixed number keeps every shape of a step the same."""
    flat = w[:, 1:].reshape(-1)
    order = np.argsort((flat <= 0) * 2.0 + (flat < W_OUT) * 1.0 + random.random(flat.size) * 0.5, kind='stable')[:count]
    return order.astype(np.int64), flat[order]
