"""How people word a specification: composed from parts, so that no single template can be learned by heart."""

THINGS = ['text', 'message', 'input', 'sentence', 'request', 'ticket', 'note', 'line', 'comment', 'user text', 'support ticket', 'customer message',
          'email', 'chat message', 'query', 'entry', 'report', 'post', 'utterance', 'question', 'description']
ONLY = ['', '', '', ' Answer with the label only.', ' Return only the label.', ' Output one label, nothing else.', ' Reply with exactly one of them.', ' No explanation.',
        ' Return ONLY the label.', ' Give just one word or phrase.', ' Do not add anything else.', ' Print the label and nothing more.']
VERBS = ['Classify', 'Label', 'Sort', 'Categorize', 'Tag', 'Categorise', 'Triage', 'Route', 'Assign', 'Group']
WHO = ['', '', '', '', 'You are given {a}. ', 'The input is {a}. ', 'We receive {a}. ', 'Each input is {a}. ', 'I have many of these: {a}. ', 'Please help: ', 'Read {a}. ']


def a(thing):
    return ('an ' if thing[0] in 'aeiou' and not thing.startswith('us') else 'a ') + thing


def listing(r, labels):
    k = r.random()
    if k < .4:
        return ', '.join(labels)
    if k < .52:
        return ', '.join(labels[:-1]) + r.choice([' or ', ' and ', ', or ']) + labels[-1]
    if k < .62:
        return ' / '.join(labels) if r.random() < .5 else '/'.join(labels)
    if k < .74:
        q = r.choice('"\'`')
        return ', '.join(q + l + q for l in labels)
    if k < .82:
        return ' '.join(r.choice(['- ', '* ']) + l for l in labels)
    if k < .9:
        q = r.choice(['"', ''])
        return f' or '.join(q + l + q for l in labels)
    if k < .95:
        return ' | '.join(labels)
    return '; '.join(labels)


def classify(r, labels, thing=None, about=None):
    """A sentence or two that name the labels. about: what the labels are ('topic', 'emotion')."""
    t, l = thing or r.choice(THINGS), listing(r, labels)
    ab = about or r.choice(['category', 'label', 'class', 'type', 'intent', 'kind', 'topic', 'group', 'tag'])
    k = r.randrange(22)
    v = r.choice(VERBS)
    core = [f'{v} the {t}. Labels: {l}.', f'{v} the {t}. Return ONLY one of: {l}', f'{v} {a(t)} as {l}.', f'Which {ab} fits the {t}: {l}?', f'Decide whether the {t} is {l}.',
            f'{v} each {t} into one of these: {l}.', f'Pick the right {ab} for the {t} ({l}).', f'What is the {ab} of the {t}? One of {l}.', f'Determine the {ab}: {l}.',
            f'{ab.capitalize()} of the {t}: {l}', f'Given {a(t)}, output one of {l}.', f'Read the {t} and answer with its {ab}. Options: {l}.', f'{l}?',
            f'I need to know the {ab} of every {t}. The choices are {l}.', f'Say which {ab} the {t} belongs to. Allowed answers: {l}.', f'Choose from {l}.', f'Tell me the {ab} of this {t}: {l}.',
            f'{v} by {ab}. {ab.capitalize()}s: {l}.', f'The {t} belongs to one of {len(labels)} groups: {l}. Name the group.', f'Output the {ab} ({l}) for {a(t)}.',
            f'Detect the {ab} of the {t}. Possible values: {l}.', f'{v} this. Use one of: {l}.'][k]
    only = r.choice(ONLY)
    if only and core[-1] not in '.?!':
        core += '.'  # else the last label would run into the next sentence
    return r.choice(WHO).format(a=a(t)) + core + only


def yes_no(r, condition, yes='yes', no='no', thing=None):
    """condition completes 'the text ...', such as 'asks about a refund'."""
    t = thing or r.choice(THINGS)
    q = r.choice(['', '"'])
    y, n = q + yes + q, q + no + q
    return r.choice([f'Return {y} if the {t} {condition}, otherwise {n}.', f'{y} if the {t} {condition}, otherwise {n}', f'Say {y} when the {t} {condition} and {n} when not.', f'Check whether the {t} {condition}. Answer {y} or {n}.',
                     f'Decide if the {t} {condition}. Output only {y} or {n}.', f'Tell whether the {t} {condition}: {y} or {n}.', f'Answer {y} if the {t} {condition}, else {n}.',
                     f'I want to know if the {t} {condition}. Reply {y} or {n}.', f'Does it apply that the {t} {condition}? {y} or {n}.', f'Output {y} for every {t} that {condition}; output {n} for all others.',
                     f'Flag with {y} each {t} that {condition}, {n} otherwise.'])


OPEN = ['', '', '', '', 'Please ', 'Task: ', 'Your job: ', 'I need you to ', 'We want to ', 'You should ']
CLOSE = ['', '', '', '', ' Return only the result.', ' Output nothing else.', ' No explanation.', ' Answer with the result only.', ' Keep everything else as it is.', ' Only the answer.', ' Do not explain.']


def instruct(r, forms, close=CLOSE):
    """One of the forms (imperatives without a full stop), in a random dress."""
    s, o = r.choice(forms), r.choice(OPEN)
    if '{t}' in s:
        s = s.replace('{t}', r.choice(THINGS[:12]))
    s = o + s[0].lower() + s[1:] if o and not o.endswith(': ') and not s.endswith('?') else s if not o or s.endswith('?') else o + s
    return s + ('' if s.endswith('?') else r.choice(['.', '.', '.', ''])) + (r.choice(close) if not s.endswith(')') else '')


def extract(r, what, thing=None):
    t = thing or r.choice(THINGS)
    return r.choice([f'Extract the {what} from the {t}.', f'Find the {what} in the {t} and return only that.', f'What is the {what}? Copy it from the {t}.', f'Return the {what} mentioned in the {t}, exactly as written.',
                     f'Pull out the {what}.', f'{what.capitalize()}?', f'Get the {what}.', f'Copy the {what} out of the {t}.', f'Which {what} does the {t} mention? Answer with the exact words.', f'Given {a(t)}, output its {what}.',
                     f'Output the {what} only.', f'I only need the {what} in the {t}.', f'Read the {t} and give the {what}, word for word.', f'Extract {what}', f'Identify the {what} in this {t} and print it as it stands.'])


def style(r, labels):
    """Mostly plain; one style for the whole list."""
    k = r.random()
    if k < .72:
        return lambda s: s
    f = r.choice([lambda s: s.replace(' ', '_'), str.title, lambda s: s.upper().replace(' ', '_'), str.capitalize, lambda s: s.replace(' ', '-'), str.upper])
    return f if len({f(l) for l in labels}) == len(labels) else lambda s: s


def shown(r, least=0):
    return max(least, r.choices(range(7), [8, 5, 9, 14, 20, 20, 24])[0])
