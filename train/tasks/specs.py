"""A task as people hand it to a compiler: free text with the examples in one of the usual notations, sometimes with typos.

The canonical prompt is made from the same task by prompts.pseudo: this is what stands between [SPEC] and [END_SPEC].
"""
NOTATIONS = ['Input: {}\nOutput: {}'] * 6 + ['{} -> {}', '{} => {}', '"{}" -> "{}"', 'Input: {} Output: {}', '- {}: {}', 'Q: {}\nA: {}']


def typo(r, s):
    """One slip of the finger."""
    i = r.randrange(max(1, len(s) - 1))
    k = r.randrange(4)
    if k == 0:
        return s[:i] + s[i + 1:]
    if k == 1:
        return s[:i] + s[i:i + 1] * 2 + s[i + 1:]
    if k == 2:
        return s[:i] + s[i + 1:i + 2] + s[i:i + 1] + s[i + 2:]
    return s.lower()


def canonical(task):
    """As the Go side writes a parsed specification."""
    return task['task'] + ''.join(('\n' if i == 0 else '') + f'\nInput: {a}\nOutput: {b}' for i, (a, b) in enumerate(task['examples']))


def spec(r, task, examples=None):
    if examples is None and r.random() < .4:
        return canonical(task)
    text = task['task']
    if r.random() < .12:
        text = typo(r, text)
    if task['labels'] and r.random() < .15:
        text += '\n' + r.choice(['Labels: ', 'Classes: ', 'Options: ', 'Return ONLY one of: ']) + ', '.join(task['labels'])
    examples = task['examples'] if examples is None else examples
    if not examples:
        return text
    form, gap = r.choice(NOTATIONS), r.choice(['\n', '\n', '\n\n'])
    return text + r.choice(['\n\n', '\n', '\n\nExamples:\n', '\nExamples:\n', '\nFor example:\n']) + gap.join(form.format(a, b) for a, b in examples)
