"""The canonical prompt, byte for byte as the Go side writes it, and its token rows.

Three segments, tokenised apart: text up to the placeholder | input and suffix | target and EOS.
"""
import re
from tokenizer import END_IN, EOS

MAX_EXAMPLES, MAX_TOKENS, MAX_TASK = 6, 250, 120


def escape(s):
    s = re.sub(r'\[((?:END_)?(?:PSEUDO_PROGRAM|INPUT|SPEC))\]', r'[ \1 ]', s)
    s = re.sub(r'<\|([A-Za-z0-9_]+)\|>', r'< |\1| >', s)
    return re.sub(r'\{(INPUT_PLACEHOLDER)\}', r'{ \1 }', s)


def pseudo(task, labels, examples):
    out = '[PSEUDO_PROGRAM]\nTask: ' + escape(' '.join(task.split()))
    if labels:
        out += '\nLabels: ' + escape(', '.join(labels))
    if examples:
        out += '\n\nExamples:' + ''.join(f'\nInput: {escape(a)}\nOutput: {escape(b)}' for a, b in examples)
    return out + '\n[END_PSEUDO_PROGRAM]'


W_OUT, W_PROMPT, W_PROSE = 1.0, 0.2, 0.5


def prefix(tok, task, limit=MAX_TOKENS):
    """Ids up to the placeholder, the loss weight of predicting each, and where its texts end: [(index, text, answer)] of labels
    (both are the label), example inputs (no answer) and example outputs (no text). Examples are dropped, last first, until it fits."""
    shown = task['examples'][:MAX_EXAMPLES]
    while True:
        text = pseudo(task['task'], task['labels'], shown)
        ids = tok.encode_template(text)
        if len(ids) <= limit or not shown:
            break
        shown = shown[:-1]
    # The example outputs are found again by encoding piece by piece. A line break ends a pre-token
    # except before white space, so the pieces agree with the whole unless an example starts with space.
    w, ends = [], []

    def add(text, weight, means=None, answer=None):
        w.extend([weight] * len(tok.encode_template(text)))
        if means is not None or answer is not None:
            ends.append((len(w) - 1, means, answer))

    add('[PSEUDO_PROGRAM]', W_PROMPT)
    add('\nTask: ' + escape(' '.join(task['task'].split())), W_PROMPT)
    for i, l in enumerate(task['labels'] or ()):
        add((', ' if i else '\nLabels: ') + escape(l), W_PROMPT, l, l)
    add('\n\nExamples:' if shown else '', W_PROMPT)
    for a, b in shown:
        add(f'\nInput: {escape(a)}\nOutput:', W_PROMPT, a)
        add(f' {escape(b)}', W_OUT, None, b)
    add('\n', W_PROMPT)
    add('[END_PSEUDO_PROGRAM]', W_PROMPT)
    if len(w) != len(ids):
        w, ends = [W_PROMPT] * len(ids), []
    tail = tok.encode_template('\n\n[INPUT]\n')
    return ids + tail, w + [0.05] * len(tail), ends


def case(tok, text):
    return tok.encode(text + '\n') + [END_IN]


def target(tok, text):
    return tok.encode(' ' + text) + [EOS]
