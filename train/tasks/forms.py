"""Generated tasks on everyday notations: schedules, numbers, names, paths, markup, spelling, masking.

Every family is a function of (r, names) that returns (family, phrases, function of a sentence), as in text.py.
"""
import re
from .records import FIRST, LAST, MONTHS, code, date, email, phone, url
from .everyday import DAYS

def registering(families):
    """A decorator maker: @family(name, *phrases) puts a function that draws one row into families: (r, names, sentence) -> (input, output)."""
    def family(name, *forms):
        def add(f):
            families[name] = lambda r, names: (name, list(forms), lambda s: f(r, names, s))
            return f
        return add
    return family


FAMILIES = {}
family = registering(FAMILIES)


def cut(s, n):
    return ' '.join(s.split()[:n])


@family('cron', 'Write the schedule as a cron line', 'Convert to cron', 'Cron expression for the schedule', 'Turn the {t} into a crontab schedule')
def _(r, names, s):
    h, m, d = r.randint(0, 23), r.choice([0, 15, 30, 45]), r.randrange(7)
    return r.choice([(f'every day at {h:02}:{m:02}', f'{m} {h} * * *'), (f'every {DAYS[d]} at {h:02}:{m:02}', f'{m} {h} * * {(d + 1) % 7}'), (f'every hour at minute {m}', f'{m} * * * *'), (f'on the {d + 1}. of each month at {h}:{m:02}', f'{m} {h} {d + 1} * *')])


@family('minutes', 'Write the duration in minutes', 'How many minutes?', 'Convert hours to minutes')
def _(r, names, s):
    h = r.randint(1, 9)
    return r.choice([f'{h} h', f'{h} hours', f'{h}h']), str(60 * h)


@family('clock parts', 'Write the duration as H:MM', 'Format hours and minutes as H:MM')
def _(r, names, s):
    h, m = r.randint(0, 12), r.randint(1, 59)
    return r.choice([f'{h} h {m} min', f'{h} hours and {m} minutes', f'{h}h{m}m']), f'{h}:{m:02}'


@family('roman', 'Convert the number to Roman numerals', 'Write as a Roman numeral')
def _(r, names, s):
    x = r.randint(1, 39)
    return str(x), 'X' * (x // 10) + ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'][x % 10]


@family('ordinal', 'Write the number as an ordinal', 'Add the ordinal ending', 'Turn 1 into 1st and so on')
def _(r, names, s):
    x = r.randint(1, 99)
    return str(x), str(x) + ('th' if x // 10 == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(x % 10, 'th'))


def plural_of(w):
    return w[:-1] + 'ies' if w.endswith('y') and w[-2:-1] not in 'aeiou' else w + 'es' if re.search('(s|x|ch|sh)$', w) else w + 's'


@family('plural', 'Give the plural', 'Write the noun in the plural', 'Return the plural form of the word')
def _(r, names, s):
    w = names(r, 1)[0]
    return w, plural_of(w)


@family('singular', 'Give the singular', 'Write the noun in the singular', 'Return the singular form of the word')
def _(r, names, s):
    w = names(r, 1)[0]
    return plural_of(w), w


@family('article', 'Put the right article before the word: a or an', 'Add a or an')
def _(r, names, s):
    w = names(r, 1)[0]
    return w, ('an ' if w[0] in 'aeiou' else 'a ') + w


@family('mask email', 'Hide the user name of the e-mail address with ***', 'Mask the e-mail address, keep the domain', 'Replace the part before the @ by ***')
def _(r, names, s):
    e = email(r)
    return e, '***@' + e.split('@')[1]


@family('mask card', 'Mask the card number, keep the last four digits', 'Show only the last four digits, stars before', 'Hide all but the last 4 digits')
def _(r, names, s):
    g = [f'{r.randint(0, 9999):04}' for _ in range(4)]
    return r.choice([' ', '-', '']).join(g), '**** ' + g[3]


@family('redact', 'Replace the name by [NAME]', 'Redact the person', 'Anonymise: put [NAME] for the name')
def _(r, names, s):
    n, w = r.choice(FIRST) + r.choice(['', ' ' + r.choice(LAST)]), cut(s, 7).split()
    i = r.randint(0, len(w))
    return ' '.join(w[:i] + [n] + w[i:]), ' '.join(w[:i] + ['[NAME]'] + w[i:])


@family('all numbers', 'List all numbers, separated by commas', 'Extract every number', 'Return the numbers in the {t}, with commas')
def _(r, names, s):
    w = [x for x in cut(re.sub(r'\d', '', s), 6).split()]
    xs = [str(r.randint(1, 999)) for _ in range(r.randint(2, 3))]
    at = sorted(r.randint(0, len(w)) for _ in xs)
    for k, (i, x) in enumerate(zip(at, xs)):
        w.insert(i + k, x)
    return ' '.join(w), ', '.join(xs)


@family('yaml to json', 'Convert the YAML to JSON', 'YAML to JSON', 'Write this YAML as a JSON object')
def _(r, names, s):
    p = [(k, names(r, 1)[0]) for k in names(r, r.randint(1, 3))]
    return '\n'.join(f'{a}: {b}' for a, b in p), '{' + ', '.join(f'"{a}": "{b}"' for a, b in p) + '}'


@family('json to yaml', 'Convert the JSON to YAML', 'JSON to YAML', 'Write this JSON object as YAML')
def _(r, names, s):
    b, a = FAMILIES['yaml to json'](r, names)[2](s)
    return a, b


@family('select', 'Write the SQL query', 'Turn the {t} into SQL', 'Build a SELECT statement')
def _(r, names, s):
    c, t = names(r, r.randint(1, 2)), names(r, 1)[0]
    return r.choice(['{c} from {t}', 'show {c} of table {t}', 'all {c} in {t}']).format(c=' and '.join(c), t=t), f'SELECT {", ".join(c)} FROM {t};'


@family('url host', 'Return the host of the URL', 'Which site is it?', 'Extract the host name')
def _(r, names, s):
    h = names(r, 1)[0] + r.choice(['.com', '.org', '.io', '.net', '.co.uk'])
    return r.choice(['https://', 'http://', 'https://www.']).replace('www.', '') + h + r.choice(['', '/', '/' + names(r, 1)[0]]), h


@family('url path', 'Return the path of the URL', 'Give the part after the host')
def _(r, names, s):
    p = '/' + '/'.join(names(r, r.randint(1, 2)))
    return 'https://' + names(r, 1)[0] + r.choice(['.com', '.org', '.io']) + p, p


@family('query value', 'Return the value of q in the URL', 'What is the search word in the URL?', 'Extract the query')
def _(r, names, s):
    q = names(r, 1)[0]
    return f'https://{names(r, 1)[0]}.com/{r.choice(["search", "find", "s"])}?q={q}' + r.choice(['', f'&page={r.randint(1, 9)}']), q


@family('extension', 'Return the file extension', 'What is the file ending?', 'Give the extension without the dot')
def _(r, names, s):
    e = r.choice('txt pdf csv go png jpg zip md html js py'.split())
    return r.choice(['', '/home/', 'docs/']) + '_'.join(names(r, r.randint(1, 2))) + '.' + e, e


@family('base name', 'Return the file name without folders', 'Strip the directories from the path', 'Base name of the path')
def _(r, names, s):
    f = names(r, 1)[0] + r.choice(['.txt', '.pdf', '.go', '.png'])
    return r.choice(['/', '']) + '/'.join(names(r, r.randint(1, 3))) + '/' + f, f


@family('folder', 'Return the folder of the path', 'Give the directory, without the file name')
def _(r, names, s):
    d = r.choice(['/', '']) + '/'.join(names(r, r.randint(1, 3)))
    return d + '/' + names(r, 1)[0] + r.choice(['.txt', '.pdf', '.go', '.png']), d


@family('css colour', 'Write the colour as CSS rgb()', 'Convert to rgb(r, g, b)')
def _(r, names, s):
    x = [str(r.randint(0, 255)) for _ in range(3)]
    return r.choice([' ', ',', '/', ' - ']).join(x), f'rgb({", ".join(x)})'


@family('weekday short', 'Abbreviate the weekday', 'Three letters for the day', 'Shorten the day of the week')
def _(r, names, s):
    d = r.choice(DAYS)
    return r.choice([d, d.lower(), d.upper()]), d[:3]


@family('month number', 'Return the number of the month', 'Month to two digits', 'Which number has the month?')
def _(r, names, s):
    i = r.randrange(12)
    return r.choice([MONTHS[i], MONTHS[i].lower(), MONTHS[i][:3]]), f'{i + 1:02}'


@family('month name', 'Name the month', 'Month number to name')
def _(r, names, s):
    i = r.randrange(12)
    return r.choice([f'{i + 1:02}', str(i + 1)]), MONTHS[i]


def address(r, names):
    street, city, post = names(r, 1)[0].title() + r.choice([' Street', ' Road', ' Avenue', ' Lane']), names(r, 1)[0].title(), f'{r.randint(10000, 99999)}'
    n = r.randint(1, 200)
    return r.choice(['{n} {street}, {city}, {post}', '{n} {street}, {post} {city}', '{street} {n}, {city} {post}']).format(**locals()), street, city, post


@family('postcode', 'Extract the postcode', 'Return the zip code of the address', 'Which ZIP is it?')
def _(r, names, s):
    a = address(r, names)
    return a[0], a[3]


@family('city', 'Extract the city', 'Return the town of the address', 'Which city is it?')
def _(r, names, s):
    a = address(r, names)
    return a[0], a[2]


@family('street', 'Extract the street', 'Return the street name without the number')
def _(r, names, s):
    a = address(r, names)
    return a[0], a[1]


@family('branch', 'Make a git branch name', 'Branch name from the ticket title: lower case, hyphens, with feature/ before', 'Turn the title into feature/...')
def _(r, names, s):
    w = re.sub(r'[^\w ]', '', cut(s, 4))
    return w, 'feature/' + '-'.join(w.lower().split())


@family('env line', 'Write the setting as an environment line', 'Convert to NAME=value', 'Make an env variable in capitals')
def _(r, names, s):
    k, v = '_'.join(names(r, r.randint(1, 2))), r.choice([names(r, 1)[0], str(r.randint(1, 9999))])
    return r.choice(['{} = {}', '{}: {}', '{} is {}']).format(k, v), f'{k.upper()}={v}'


@family('flag', 'Write the option as a command line flag', 'Turn the setting into --key=value', 'Convert to a long flag')
def _(r, names, s):
    k, v = names(r, 1)[0], r.choice([names(r, 1)[0], str(r.randint(1, 999))])
    return r.choice(['{} = {}', '{}: {}', '{} {}']).format(k, v), f'--{k}={v}'


@family('markdown link', 'Make a Markdown link', 'Write as [text](url)', 'Format the link in Markdown')
def _(r, names, s):
    t, u = cut(s, 3), url(r, names)
    return r.choice(['{} | {}', '{}: {}', '{} - {}', '{} ({})']).format(t, u), f'[{t}]({u})'


@family('link address', 'Return the address of the Markdown link', 'Where does the link lead?')
def _(r, names, s):
    u = url(r, names)
    return f'[{cut(s, 3)}]({u})', u


@family('heading', 'Make it a Markdown heading', 'Put "## " before the title', 'Format as a second level heading')
def _(r, names, s):
    t = cut(s, 5)
    return t, '## ' + t


@family('checkbox', 'Make a Markdown check box item', 'Write as an open task "- [ ]"', 'Format the task as a check list item')
def _(r, names, s):
    return cut(s, 6), '- [ ] ' + cut(s, 6)


@family('larger', 'Return the larger number', 'Which number is greater?', 'Output the maximum')
def _(r, names, s):
    a, b = r.sample(range(1, r.choice([10, 100, 1000])), 2)
    return r.choice(['{} {}', '{}, {}', '{} or {}', '{} and {}']).format(a, b), str(max(a, b))


@family('smaller', 'Return the smaller number', 'Which number is less?', 'Output the minimum')
def _(r, names, s):
    a, b = r.sample(range(1, r.choice([10, 100, 1000])), 2)
    return r.choice(['{} {}', '{}, {}', '{} or {}', '{} and {}']).format(a, b), str(min(a, b))


@family('add', 'Add the numbers', 'What is the sum?', 'Return the total')
def _(r, names, s):
    a, b = r.randint(1, 20), r.randint(1, 20)
    return r.choice(['{} + {}', '{} and {}', '{}, {}']).format(a, b), str(a + b)


SHORT = {"can't": 'cannot', "won't": 'will not', "don't": 'do not', "isn't": 'is not', "I'm": 'I am', "it's": 'it is', "we're": 'we are', "they've": 'they have', "doesn't": 'does not', "you'll": 'you will'}


@family('expand', 'Expand the short form', 'Write out the contraction', "Replace forms like can't by the full words")
def _(r, names, s):
    k, w = r.choice(sorted(SHORT)), cut(s, 5)
    return f'{k} {w}', f'{SHORT[k]} {w}'


@family('contract', 'Use the short form', 'Contract the verb', "Write it with an apostrophe, such as can't")
def _(r, names, s):
    b, a = FAMILIES['expand'](r, names)[2](s)
    return a, b


BRITISH = dict(colour='color', centre='center', organise='organize', travelling='traveling', favourite='favorite', grey='gray', licence='license', theatre='theater', behaviour='behavior', catalogue='catalog', realise='realize', honour='honor')


@family('american', 'Use American spelling', 'Change British to American spelling', 'Americanise the word')
def _(r, names, s):
    k, form = r.choice(sorted(BRITISH)), r.choice(['{}', 'the {}', '{} ' + names(r, 1)[0]])
    return form.format(k), form.format(BRITISH[k])


@family('please', 'Make the request polite by adding please at the start', 'Put "Please" before the request', 'Say it politely with please')
def _(r, names, s):
    w = cut(s, 7).lower()
    return w, 'Please ' + w


@family('salutation', 'Write the salutation of a letter', 'Begin the letter: Dear ...', 'Make the greeting line')
def _(r, names, s):
    n = r.choice(LAST)
    t = r.choice(['Mr', 'Ms', 'Dr'])
    return r.choice([f'{t} {r.choice(FIRST)} {n}', f'{t} {n}', f'{n}, {t}']), f'Dear {t} {n},'


@family('hashtag', 'Make a hashtag', 'Turn the words into one hashtag', 'Write as #CamelCase')
def _(r, names, s):
    w = names(r, r.randint(1, 3))
    return ' '.join(w), '#' + ''.join(x.capitalize() for x in w)


@family('acronym', 'Build the acronym', 'First letters in capitals', 'Shorten the name to its initials in capitals')
def _(r, names, s):
    w = names(r, r.randint(2, 4))
    return ' '.join(x.capitalize() for x in w), ''.join(x[0].upper() for x in w)


@family('mail subject', 'Return the subject of the e-mail', 'What is the subject line?', 'Extract the subject')
def _(r, names, s):
    t = cut(s, 6)
    return f'From: {email(r)}\nSubject: {t}\nDate: {date(r)[0]} {r.choice(MONTHS)}', t


@family('mail sender', 'Who sent the e-mail?', 'Return the address of the sender', 'Extract the From address')
def _(r, names, s):
    e = email(r)
    return f'From: {e}\nSubject: {cut(s, 5)}', e


@family('pad', 'Pad the number with zeros to four digits', 'Write with leading zeros, four places', 'Zero-pad to length 4')
def _(r, names, s):
    x = r.randint(1, 999)
    return str(x), f'{x:04}'


@family('strip currency', 'Remove the currency sign', 'Return the bare amount', 'Amount only, no currency')
def _(r, names, s):
    x = f'{r.randint(1, 999)}' + r.choice(['', f'.{r.randint(10, 99)}'])
    return r.choice([f'${x}', f'€ {x}', f'{x} USD', f'£{x}', f'{x} €', f'EUR {x}']), x


@family('ticket id', 'Return the ticket id', 'Extract the reference', 'Which id is mentioned?')
def _(r, names, s):
    c = code(r)
    return r.choice(['{} about {}', '[{}] {}', 'ref {}: {}']).format(c, cut(s, 6)), c


@family('error code', 'Return the error code', 'Which error is it? Code only', 'Extract the code of the error')
def _(r, names, s):
    c = r.choice(['E', 'ERR_', '0x', 'X']) + str(r.randint(100, 9999))
    return r.choice(['{s}: error {c}', 'error {c} in {s}', '{c}: {s}', 'failed with {c} while {s}']).format(s=cut(s, 5), c=c), c


@family('area code', 'Return the area code', 'First three digits of the phone number')
def _(r, names, s):
    p = phone(r)
    return r.choice(['({}) {}-{}', '{}-{}-{}', '{} {} {}']).format(*p), p[0]


@family('speaker', 'Who says it?', 'Return the name of the speaker', 'Extract the speaker')
def _(r, names, s):
    n = r.choice(FIRST)
    return r.choice(['{n}: {s}', '"{s}", said {n}', '<{n}> {s}', '{n} says: {s}']).format(n=n, s=cut(s, 7)), n


@family('amount due', 'Return the total', 'How much is to be paid?', 'Extract the total amount')
def _(r, names, s):
    a, b = sorted(r.sample(range(3, 900), 2))
    return r.choice(['subtotal ${a}, total ${b}', 'Tax: ${a}. Total: ${b}', 'total ${b} (shipping ${a})', '{s}; shipping ${a}; total ${b}']).format(a=a, b=b, s=cut(s, 3)), f'${b}'


@family('quantity', 'How many are ordered?', 'Return the quantity', 'Extract the number of pieces')
def _(r, names, s):
    n, w = r.randint(2, 99), names(r, 1)[0]
    return r.choice(['{n} x {w} at ${p}', 'please send {n} {w}s, ${p} each', 'order: {w}, {n} pieces, ${p}']).format(n=n, w=w, p=r.randint(100, 999)), str(n)


@family('unquote', 'Remove the quotes around the {t}', 'Strip the outer quotation marks', 'Unquote')
def _(r, names, s):
    q = r.choice('"\'`')
    return q + cut(s, 6) + q, cut(s, 6)


@family('quote', 'Put the {t} in double quotes', 'Wrap it in quotation marks', 'Quote the {t}')
def _(r, names, s):
    return cut(s, 6), f'"{cut(s, 6)}"'


@family('middle', 'Return the middle item', 'Which item is in the middle?', 'Take the second of the three items')
def _(r, names, s):
    w = names(r, 3)
    return r.choice([', ', ' ', '; ', ' | ']).join(w), w[1]


@family('last item', 'Return the last item', 'Which item comes last?', 'Take the final element of the list')
def _(r, names, s):
    w = names(r, r.randint(2, 5))
    return r.choice([', ', '; ', ' | ', '\n']).join(w), w[-1]
