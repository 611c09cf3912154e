"""Generated tasks on plain text: casing, picking, counting, cutting, joining, sorting, checking.

A generator is a function of (r, sentence, names) that returns a task form: (phrases, function of a sentence).
Everything is made up on the spot from corpus sentences; options drawn once per task stay the same for its cases.
"""
import re, string

ORD = ['first', 'second', 'third', 'fourth']


def words(s):
    return s.split()


def picks(r):
    k = r.randrange(9)
    if k == 0:
        return 'first word', ['Return the first word', 'Output only the first word of the {t}', 'Keep the first word and drop the rest', 'What is the first word?'], lambda s: (s, words(s)[0])
    if k == 1:
        i = r.randint(1, 2)
        return 'nth word', [f'Return the {ORD[i]} word', f'Output word number {i + 1}', f'What is the {ORD[i]} word of the {{t}}?', f'Give me only the {ORD[i]} word'], lambda s: (s, words(s)[min(i, len(words(s)) - 1)])
    if k == 2:
        i = r.randint(2, 4)
        return 'first words', [f'Return the first {i} words', f'Keep only the first {i} words', f'Truncate the {{t}} to {i} words', f'Cut after {i} words'], lambda s: (s, ' '.join(words(s)[:i]))
    if k == 3:
        return 'longest word', ['Return the longest word', 'Which word is the longest?', 'Find the word with the most letters'], lambda s: (s, max(words(s), key=len))
    if k == 4:
        return 'drop first', ['Remove the first word', 'Drop the first word and return the rest', 'Delete the word at the start'], lambda s: (s, ' '.join(words(s)[1:]))
    if k == 5:
        q = r.choice('"\'')
        def quoted(s):
            w = words(s)
            i = r.randrange(len(w)); j = min(len(w), i + r.randint(1, 3))
            x = ' '.join(w[i:j])
            return ' '.join(w[:i] + [q + x + q] + w[j:]), x
        return 'quoted', ['Return the quoted part', 'What is inside the quotes?', 'Extract the text in quotation marks', 'Copy the quotation without its quotes'], quoted
    if k == 6:
        a, b = r.choice(['()', '[]', '<>', '{}'])
        def inside(s):
            w = words(s)
            i = r.randrange(len(w)); j = min(len(w), i + r.randint(1, 3))
            x = ' '.join(w[i:j])
            return ' '.join(w[:i] + [a + x + b] + w[j:]), x
        return 'brackets', ['Return what is in brackets', 'Extract the bracketed words', f'What stands between {a} and {b}?', 'Copy the part in brackets'], inside
    if k == 7:
        c = r.choice([':', '->', '=', ' - ', '|'])
        def after(s):
            w = words(s)[:7]
            i = r.randint(1, max(1, len(w) - 1))
            x, y = ' '.join(w[:i]), ' '.join(w[i:]) or 'end'
            return x + (c if c == ' - ' else c + ' ') + y, y
        return 'after sign', [f'Return what comes after "{c.strip()}"', f'Take the part behind the {c.strip()}', f'Drop everything up to {c.strip()}', 'Keep the value, drop the key'], after
    return 'last word', ['Return the last word', 'Output only the final word', 'Keep the last word and drop the rest', 'What is the last word of the {t}?'], lambda s: (s, words(s)[-1])


def casing(r):
    k = r.randrange(8)
    if k == 0:
        return 'upper', ['Convert the {t} to upper case', 'Make everything uppercase', 'Write it in capital letters', 'Return the {t} in capitals', 'Uppercase'], lambda s: (s, s.upper())
    if k == 1:
        return 'lower', ['Convert the {t} to lower case', 'Make all letters small', 'Lowercase the {t}', 'Return the {t} without capitals'], lambda s: (r.choice([s.title(), s.upper()]), s.lower())
    if k == 2:
        return 'title', ['Convert to title case', 'Capitalise every word', 'Start each word with a capital', 'Write the {t} in title case'], lambda s: (s.lower(), ' '.join(w.capitalize() for w in words(s)))
    if k == 3:
        return 'capital', ['Capitalise the first letter', 'Start the {t} with a capital letter', 'Make the first letter upper case'], lambda s: (s.lower(), s[0].upper() + s[1:].lower())
    if k == 4:
        return 'snake', ['Convert to snake case', 'Write as snake_case', 'Join the words with underscores, lower case', 'Make an identifier in snake_case'], lambda s: (' '.join(words(s)[:4]), '_'.join(words(s.lower())[:4]))
    if k == 5:
        return 'kebab', ['Make a slug', 'Write as kebab-case', 'Turn the title into a URL slug', 'Join the words with hyphens, lower case'], lambda s: (' '.join(words(s)[:5]).title(), '-'.join(words(s.lower())[:5]))
    if k == 6:
        return 'camel split', ['Split the camelCase name into words', 'Write the identifier as words', 'Turn the name into lower-case words'], lambda s: (''.join(w.capitalize() for w in words(s)[:3]), ' '.join(words(s.lower())[:3]))
    return 'unsnake', ['Replace underscores by spaces', 'Turn snake_case into words', 'Write the identifier as plain words'], lambda s: ('_'.join(words(s)[:5]), ' '.join(words(s)[:5]))


def cleaning(r):
    k = r.randrange(9)
    if k == 0:
        def trim(s):
            return r.choice([' ', '  ', '   ', '\t', '']) + ''.join(w + r.choice([' ', '  ', '   ']) for w in words(s)[:8]) + r.choice(['', '  ']), ' '.join(words(s)[:8])
        return 'trim', ['Remove extra spaces', 'Trim and collapse white space', 'Clean up the spacing', 'Normalise spaces', 'Leave single spaces only'], trim
    if k == 1:
        c = r.choice('!?.,;*#')
        return 'strip sign', [f'Remove every "{c}"', f'Delete all {c} signs', f'Strip {c} from the {{t}}'], lambda s: (' '.join(w + (c if r.random() < .4 else '') for w in words(s)[:8]), ' '.join(words(s)[:8]))
    if k == 2:
        return 'strip digits', ['Remove all digits', 'Delete the numbers from the {t}', 'Return the {t} without digits'], lambda s: (' '.join(w if r.random() < .7 else w + str(r.randint(0, 99)) for w in words(re.sub(r'\d', '', s))[:8]), ' '.join(words(re.sub(r'\d', '', s))[:8]))
    if k == 3:
        def dup(s):
            w = words(s)[:8]
            return ' '.join(x for y in w for x in ([y, y] if r.random() < .3 else [y])), ' '.join(w)
        return 'double words', ['Remove repeated words', 'Delete words that stand twice', 'De-duplicate neighbouring words', 'Fix doubled words'], dup
    if k == 4:
        return 'full stop', ['Add a full stop at the end', 'End the {t} with a period', 'Put a period at the end'], lambda s: (s.rstrip('.!?'), s.rstrip('.!?') + '.')
    if k == 5:
        p = r.choice(['Re: ', 'FW: ', 'Note: ', 'INFO ', '> ', '- ', '* ', '1. ', '# ', 'TODO: '])
        return 'strip prefix', [f'Remove the prefix "{p.strip()}"', f'Strip {p.strip()} from the start', 'Drop the prefix and keep the rest', 'Delete the leading mark'], lambda s: (p + s, s)
    if k == 6:
        t = r.choice(['b', 'i', 'p', 'em', 'span', 'h1', 'li'])
        return 'strip tags', ['Remove the HTML tags', 'Strip the markup', 'Return the text without tags'], lambda s: (f'<{t}>{s}</{t}>', s)
    if k == 7:
        m = r.choice(['**', '*', '_', '`', '~~'])
        def mark(s):
            w = words(s); i = r.randrange(len(w)); w[i] = m + w[i] + m
            return ' '.join(w), s
        return 'strip marks', ['Remove the Markdown', f'Delete the {m} marks', 'Strip formatting marks', 'Return plain text without Markdown'], mark
    return 'hyphens', ['Replace spaces by hyphens', 'Join the words with hyphens', 'Put a hyphen between the words'], lambda s: (' '.join(words(s)[:5]), '-'.join(words(s)[:5]))


def lists(r, names):
    k = r.randrange(10)
    seps = [', ', '; ', ' | ', ' / ', '\n', ' ']
    a, b = r.sample(seps, 2)
    show = {'\n': 'line breaks', ', ': 'commas', '; ': 'semicolons', ' | ': 'bars', ' / ': 'slashes', ' ': 'spaces'}
    take = lambda lo=3, hi=5: names(r, r.randint(lo, hi))
    if k == 0:
        return 'separator', [f'Replace {show[a]} by {show[b]}', f'Turn the list into one separated by {show[b]}', f'Change the separator to {show[b]}'], lambda s: (lambda w: (a.join(w), b.join(w)))(take())
    if k == 1:
        return 'sort', ['Sort the words', 'Put the items in alphabetical order', 'Order the list from a to z', 'Sort alphabetically'], lambda s: (lambda w: (a.join(w), a.join(sorted(w))))(take(2, 4))
    if k == 2:
        def dedup(s):
            w = take(2, 4); v = w + [r.choice(w)]
            r.shuffle(v)
            return a.join(v), a.join(dict.fromkeys(v))
        return 'unique', ['Remove duplicates from the list', 'Keep every item once', 'De-duplicate the list', 'Return the unique items in order'], dedup
    if k == 3:
        return 'reverse', ['Reverse the list', 'Put the items in reverse order', 'Write the items from last to first'], lambda s: (lambda w: (a.join(w), a.join(w[::-1])))(take(2, 4))
    if k == 4:
        return 'first item', ['Return the first item of the list', 'Which item comes first?', 'Keep only the first entry'], lambda s: (lambda w: (a.join(w), w[0]))(take())
    if k == 5:
        return 'count items', ['Count the items', 'How many entries are in the list?', 'Return the number of items'], lambda s: (lambda w: (a.join(w), str(len(w))))(take(1, 6))
    if k == 6:
        return 'bullets', ['Write the items as a bullet list', 'Make one bullet per item', 'Turn the list into bullets with "- "'], lambda s: (lambda w: (', '.join(w), '\n'.join('- ' + x for x in w)))(take(2, 4))
    if k == 7:
        return 'json list', ['Turn the list into a JSON array', 'Write the items as a JSON array of strings', 'Return a JSON list'], lambda s: (lambda w: (a.join(w), '[' + ', '.join(f'"{x}"' for x in w) + ']'))(take(2, 4))
    if k == 8:
        return 'from json list', ['Turn the JSON array into a comma separated list', 'Write the items of the array, separated by commas'], lambda s: (lambda w: ('[' + ', '.join(f'"{x}"' for x in w) + ']', ', '.join(w)))(take(2, 4))
    return 'and list', ['Write the list as a sentence part with "and" before the last item', 'Join with commas and "and"'], lambda s: (lambda w: (', '.join(w), ', '.join(w[:-1]) + ' and ' + w[-1]))(take(2, 4))


def copies(r, names):
    """Say it again: the plainest way to learn copying, with small changes around the copy."""
    k = r.randrange(5)
    if k == 0:
        return 'repeat', ['Repeat the {t}', 'Return the {t} unchanged', 'Echo the {t}', 'Copy the {t} as it is'], lambda s: (s, s)
    if k == 1:
        p = r.choice(['Done: ', 'You said: ', 'id=', 'Echo: ', '> ', 'Result: ', names(r, 1)[0] + ' '])
        return 'add prefix', [f'Put "{p.strip()}" before the {{t}}', f'Prefix the {{t}} with {p.strip()}', f'Start with {p.strip()}, then the {{t}}'], lambda s: (s, p + s)
    if k == 2:
        q = r.choice(['""', "''", '()', '[]', '<>', '**', '``'])
        return 'wrap', [f'Put {q[0]} and {q[1]} around the {{t}}', f'Wrap the {{t}} in {q[0]}{q[1]}', f'Enclose in {q}'], lambda s: (s, q[0] + s + q[1])
    if k == 3:
        def swap(s):
            x, y = names(r, 2)
            return f'{x} {y}', f'{y} {x}'
        return 'swap', ['Swap the two words', 'Exchange the words', 'Put the second word first'], swap
    a, b = names(r, 2)
    def replace(s):
        w = words(s)[:7]; i = r.randrange(len(w) + 1)
        return ' '.join(w[:i] + [a] + w[i:]), ' '.join(w[:i] + [b] + w[i:])
    return 'replace', [f'Replace "{a}" by "{b}"', f'Change {a} to {b}', f'Substitute {b} for {a}'], replace


def checks(r, names):
    k = r.randrange(9)
    half = lambda: r.random() < .5
    def both(cond, good, bad):
        def f(s):
            y = half()
            return (good if y else bad)(s), y
        return cond, f
    w = names(r, 1)[0]
    put = lambda s, x: ' '.join((lambda v, i: v[:i] + [x] + v[i:])(words(s), r.randint(0, len(words(s)))))
    return [lambda: both('contains a digit', lambda s: put(re.sub(r'\d', '', s), str(r.randint(0, 999))), lambda s: re.sub(r'\d', '', s)),
            lambda: both('is a question', lambda s: s.rstrip('.!?') + '?', lambda s: s.rstrip('.!?') + r.choice(['.', '', '!'])),
            lambda: both(f'contains the word {w}', lambda s: put(s, w), lambda s: s),
            lambda: both('is written in capitals', lambda s: s.upper(), lambda s: s),
            lambda: both('ends with a full stop', lambda s: s.rstrip('.!?') + '.', lambda s: s.rstrip('.!?')),
            lambda: both('has more than five words', lambda s: s + ' and then some more', lambda s: ' '.join(words(s)[:r.randint(1, 4)])),
            lambda: both('contains an email address', lambda s: put(s, w + '@' + r.choice(['mail.com', 'example.org', 'corp.net', 'shop.io'])), lambda s: s),
            lambda: both('starts with a capital letter', lambda s: s[0].upper() + s[1:], lambda s: s[0].lower() + s[1:]),
            lambda: both('contains a link', lambda s: put(s, 'https://' + w + r.choice(['.com', '.org/a', '.io/' + w])), lambda s: s)][k]()


def counts(r):
    k = r.randrange(4)
    if k == 0:
        return 'count words', ['Count the words', 'How many words are in the {t}?', 'Return the number of words'], lambda s: (lambda v: (v, str(len(v.split()))))(' '.join(words(s)[:r.randint(1, 9)]))
    if k == 1:
        return 'initials', ['Return the initials of the words', 'Give the first letter of every word, in capitals', 'Make an acronym'], lambda s: (' '.join(words(s)[:4]), ''.join(w[0].upper() for w in words(s)[:4]))
    if k == 2:
        return 'first letter', ['Return the first letter', 'Which letter does the {t} start with?', 'Give the first character'], lambda s: (words(s)[0], words(s)[0][0])
    return 'spell', ['Spell the word', 'Write the letters with spaces between', 'Separate the letters by spaces'], lambda s: (lambda w: (w, ' '.join(w)))(max(words(s), key=len)[:7])
