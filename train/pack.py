"""Rows: a shared prefix (segment 0) and cases (1, 2, ...) that see the prefix and themselves only, with positions
restarting after the prefix. The numbers are those of inference; the prefix is paid for once."""
import numpy as np
from prompts import W_OUT, W_PROMPT, case, prefix, target


def task_row(tok, task, length):
    ids, w = prefix(tok, task, min(250, length - 40))
    if len(ids) > length - 16:
        return None
    ids, w = list(ids), list(w)
    base, seg, pos = len(ids), [0] * len(ids), list(range(len(ids)))
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
        # The marker after the input and the tokens of the prompt's frame teach nothing.
        w[len(w) - len(o) - 1] = 0.0
    return (ids, seg, pos, w) if n else None


def batch(rows, length):
    """Arrays ids, seg, pos, w of one length; padding has segment -1 and no weight."""
    out = [np.zeros((len(rows), length), t) for t in (np.int64, np.int64, np.int64, np.float32)]
    out[1] -= 1
    for i, row in enumerate(rows):
        for o, v in zip(out, row):
            o[i, :len(v)] = v
    return out
