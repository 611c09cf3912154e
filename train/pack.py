"""Rows: a shared prefix (segment 0) and cases (1, 2, ...) that see the prefix and themselves only, with positions
restarting after the prefix. The numbers are those of inference; the prefix is paid for once."""
import numpy as np
from prompts import W_OUT, W_PROMPT, case, prefix, target


def task_row(tok, task, length, meaning=None):
    """(ids, segments, positions, weights, marks) or None if nothing fits. A mark is the number meaning(text) gives to the
    text that ends at this token (a case, an example's input, a label), -1 elsewhere."""
    ids, w, ends = prefix(tok, task, min(250, length - 40))
    if len(ids) > length - 16:
        return None
    ids, w = list(ids), list(w)
    base, seg, pos = len(ids), [0] * len(ids), list(range(len(ids)))
    mark = [-1] * len(ids)
    if meaning:
        for at, text in ends:
            mark[at] = meaning(text)
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
        # The marker after the input and the tokens of the prompt's frame teach nothing.
        w[len(w) - len(o) - 1] = 0.0
    return (ids, seg, pos, w, mark) if n else None


def batch(rows, length, marks=False):
    """Arrays ids, seg, pos, w (and the marks) of one length; padding has segment -1, no weight and no mark."""
    out = [np.zeros((len(rows), length), t) for t in (np.int64, np.int64, np.int64, np.float32, np.int64)[:5 if marks else 4]]
    for x in out[1:2] + out[4:]:
        x -= 1
    for i, row in enumerate(rows):
        for o, v in zip(out, row):
            o[i, :len(v)] = v
    return out
