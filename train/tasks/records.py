"""Generated tasks on structured bits: dates, times, phones, money, units, addresses, JSON, CSV, logs, identifiers."""
import re

MONTHS = 'January February March April May June July August September October November December'.split()
FIRST = 'Anna Bob Carla David Emma Frank Grace Henry Ines Jack Kim Liam Maria Nina Omar Paul Quinn Rosa Sam Tina Walter Yuki Zoe Ahmed Chen Dmitri Elena Fatima Hugo Ivan Lucia Marta Noah Olga Pedro Raj Sofia Tom Uma Victor'.split()
LAST = 'Smith Jones Brown Miller Davis Wilson Moore Taylor Khan Lee Garcia Lopez Rossi Weber Novak Silva Tanaka Ali Cohen Dubois Jensen Kowalski Larsen Murphy Nguyen Olsen Patel Reed Stone Turner Vega Walsh Young Zhang Baker Carter Evans Fisher Grant Hill'.split()
STATES = dict(zip('Alabama Alaska Arizona California Colorado Florida Georgia Idaho Illinois Indiana Iowa Kansas Kentucky Maine Maryland Michigan Minnesota Montana Nebraska Nevada Ohio Oregon Texas Utah Vermont Virginia Washington Wisconsin'.split(),
                  'AL AK AZ CA CO FL GA ID IL IN IA KS KY ME MD MI MN MT NE NV OH OR TX UT VT VA WA WI'.split()))
COUNTRIES = dict(zip('Germany France Spain Italy Japan China India Brazil Canada Mexico Norway Sweden Finland Denmark Poland Portugal Ireland Austria Switzerland Australia Egypt Kenya Turkey Greece'.split(), 'DE FR ES IT JP CN IN BR CA MX NO SE FI DK PL PT IE AT CH AU EG KE TR GR'.split()))
CURRENCY = {'$': 'USD', '€': 'EUR', '£': 'GBP', '¥': 'JPY'}
UNITS = dict(kilometers='km', meters='m', centimeters='cm', kilograms='kg', grams='g', liters='l', milliliters='ml', hours='h', minutes='min', seconds='s', percent='%', miles='mi', pounds='lb')
NUMBERS = 'zero one two three four five six seven eight nine ten eleven twelve'.split()
LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR']


def date(r):
    return r.randint(1, 28), r.randint(1, 12), r.randint(1990, 2030)


def date_text(r, d, m, y):
    return r.choice([f'{d} {MONTHS[m-1]} {y}', f'{MONTHS[m-1]} {d}, {y}', f'{MONTHS[m-1][:3]} {d} {y}', f'{d:02}/{m:02}/{y}', f'{d}.{m}.{y}', f'{y}/{m:02}/{d:02}'])


def email(r):
    return (r.choice(FIRST) + r.choice(['', '.', '_', '-']) + r.choice(LAST)).lower() + r.choice(['', '', str(r.randint(1, 99))]) + '@' + r.choice(['mail', 'corp', 'example', 'shop', 'uni', 'post', 'acme']) + r.choice(['.com', '.org', '.net', '.io', '.de', '.co.uk'])


def url(r, names):
    return r.choice(['https://', 'http://', 'www.']) + names(r, 1)[0] + r.choice(['.com', '.org', '.io', '.net']) + r.choice(['', '/' + names(r, 1)[0], f'/{names(r, 1)[0]}/{r.randint(1, 99)}'])


def phone(r):
    return ''.join(str(r.randint(2, 9)) for _ in range(3)), ''.join(str(r.randint(0, 9)) for _ in range(3)), ''.join(str(r.randint(0, 9)) for _ in range(4))


def code(r):
    return r.choice(['ORD', 'INV', 'TK', 'A', 'REF', 'PO', 'SKU']) + r.choice(['-', '', '#', '/']) + str(r.randint(100, 99999))


def insert(r, s, x):
    w = re.sub(r'\d', '', s).split()[:9] or ['see']
    i = r.randint(0, len(w))
    return ' '.join(w[:i] + [x] + w[i:])


def find(r, names):
    """One thing of a kind inside a sentence."""
    kinds = {'email address': lambda: email(r), 'number': lambda: str(r.randint(2, 9999)), 'date': lambda: date_text(r, *date(r)), 'URL': lambda: url(r, names), 'phone number': lambda: r.choice(['-', ' ', '.']).join(phone(r)),
             'price': lambda: r.choice(['$', '€', '£']) + str(r.randint(1, 999)) + r.choice(['', f'.{r.randint(0, 99):02}']), 'order number': lambda: code(r), 'time': lambda: r.choice([f'{r.randint(0, 23):02}:{r.randint(0, 59):02}', f'{r.randint(1, 12)} {r.choice(["am", "pm"])}']),
             'name': lambda: r.choice(FIRST) + ' ' + r.choice(LAST), 'hashtag': lambda: '#' + names(r, 1)[0], 'percentage': lambda: f'{r.randint(1, 99)}%', 'file name': lambda: names(r, 1)[0] + r.choice(['.txt', '.pdf', '.csv', '.go', '.png']),
             'user name': lambda: '@' + names(r, 1)[0], 'IP address': lambda: '.'.join(str(r.randint(1, 254)) for _ in range(4)), 'version': lambda: 'v' + '.'.join(str(r.randint(0, 20)) for _ in range(3))}
    k = r.choice(sorted(kinds))
    def f(s):
        x = kinds[k]()
        return insert(r, s, x), x
    return 'find ' + k, [f'Extract the {k}', f'Return only the {k} in the {{t}}', f'Find the {k}', f'Which {k} is mentioned?', f'Copy the {k} from the {{t}}', f'Get the {k}', f'Output the {k} exactly as written'], f


def dates(r):
    k = r.randrange(5)
    if k < 2:
        return 'date to iso', ['Convert the date to ISO format', 'Write the date as YYYY-MM-DD', 'Normalise the date to YYYY-MM-DD', 'Return the ISO date'], lambda s: (lambda d: (r.choice([f'{d[0]} {MONTHS[d[1]-1]} {d[2]}', f'{MONTHS[d[1]-1]} {d[0]}, {d[2]}', f'{d[0]:02}/{d[1]:02}/{d[2]}']), f'{d[2]}-{d[1]:02}-{d[0]:02}'))(date(r))
    if k == 2:
        return 'iso to text', ['Write the ISO date in words', 'Turn YYYY-MM-DD into day, month name and year'], lambda s: (lambda d: (f'{d[2]}-{d[1]:02}-{d[0]:02}', f'{d[0]} {MONTHS[d[1]-1]} {d[2]}'))(date(r))
    if k == 3:
        return 'year', ['Return the year', 'Which year is it?', 'Extract the year of the date'], lambda s: (lambda d: (date_text(r, *d), str(d[2])))(date(r))
    def clock(s):
        h, m = r.randint(1, 11), r.choice([0, 15, 30, 45, r.randint(0, 59)])
        p = r.random() < .5
        return r.choice([f'{h}:{m:02} {"pm" if p else "am"}', f'{h}:{m:02}{"PM" if p else "AM"}']), f'{h + 12 * p:02}:{m:02}'
    return 'time 24', ['Convert the time to 24 hours', 'Write the time as HH:MM, 24-hour clock', 'Normalise the time'], clock


def normal(r, names):
    k = r.randrange(13)
    if k == 0:
        return 'phone digits', ['Normalise the phone number to digits only', 'Write the phone number without separators', 'Keep only the digits'], lambda s: (lambda p: (r.choice(['({}) {}-{}', '{}-{}-{}', '{} {} {}', '{}.{}.{}']).format(*p), ''.join(p)))(phone(r))
    if k == 1:
        t = r.choice(['{}-{}-{}', '({}) {}-{}', '+1 {} {} {}'])
        ex = t.format('555', '123', '4567')
        return 'phone format', [f'Format the phone number like {ex}', f'Write phone numbers as {ex}'], lambda s: (lambda p: (r.choice(['{}{}{}', '{}.{}.{}', '{} {} {}']).format(*p), t.format(*p)))(phone(r))
    if k == 2:
        return 'currency', ['Write the price with its currency code', 'Replace the currency sign by its code after the amount', 'Normalise money to amount and ISO code'], lambda s: (lambda c, x: (c + x, x + ' ' + CURRENCY[c]))(r.choice(sorted(CURRENCY)), f'{r.randint(1, 999)}' + r.choice(['', f'.{r.randint(10, 99)}']))
    if k == 3:
        return 'thousands', ['Remove the thousands separators', 'Write the number without commas', 'Normalise the number'], lambda s: (lambda x: (f'{x:,}', str(x)))(r.randint(1000, 9999999))
    if k == 4:
        return 'unit', ['Abbreviate the unit', 'Write the quantity with the short unit', 'Normalise units'], lambda s: (lambda u, x: (f'{x} {u}', f'{x} {UNITS[u]}'))(r.choice(sorted(UNITS)), r.randint(1, 500))
    if k == 5:
        return 'last first', ['Write the name as Last, First', 'Put the surname first with a comma', 'Normalise names to "Last, First"'], lambda s: (lambda a, b: (f'{a} {b}', f'{b}, {a}'))(r.choice(FIRST), r.choice(LAST))
    if k == 6:
        return 'first last', ['Write the name as First Last', 'Turn "Last, First" into the usual order'], lambda s: (lambda a, b: (f'{b}, {a}', f'{a} {b}'))(r.choice(FIRST), r.choice(LAST))
    if k == 7:
        return 'person initials', ['Give the initials of the name', 'Abbreviate the first name', 'Return the initials'], lambda s: (lambda a, b: (f'{a} {b}', f'{a[0]}. {b}' if False else a[0] + b[0]))(r.choice(FIRST), r.choice(LAST))
    if k == 8:
        d = r.choice([STATES, COUNTRIES])
        n = 'state' if d is STATES else 'country'
        return n + ' code', [f'Give the two-letter code of the {n}', f'Abbreviate the {n}', f'Return the {n} code'], lambda s: (lambda x: (x, d[x]))(r.choice(sorted(d)))
    if k == 9:
        return 'number word', ['Write the number as a digit', 'Convert number words to digits', 'Turn the word into a number'], lambda s: (lambda i: (NUMBERS[i], str(i)))(r.randrange(13))
    if k == 10:
        return 'email lower', ['Normalise the e-mail address: lower case, no spaces', 'Clean the e-mail address', 'Lowercase and trim the e-mail'], lambda s: (lambda e: (r.choice(['', ' ', '<', 'mailto:']) + r.choice([e.upper(), e.title(), e]) + r.choice(['', ' ', '>']), e))(email(r))
    if k == 11:
        return 'domain', ['Return the domain of the e-mail address', 'What comes after the @?', 'Extract the mail domain'], lambda s: (lambda e: (e, e.split('@')[1]))(email(r))
    return 'percent', ['Write the fraction as a percentage', 'Convert the decimal to percent'], lambda s: (lambda x: (f'0.{x:02}', f'{x}%'))(r.randint(10, 99))


def pairs(r, names, n=None):
    return [(k, r.choice([lambda: names(r, 1)[0], lambda: r.randint(0, 999), lambda: names(r, 1)[0]])()) for k in names(r, n or r.randint(1, 3))]


def dump(v):
    return f'"{v}"' if isinstance(v, str) else str(v)


def js(kv):
    return '{' + ', '.join(f'"{k}": {dump(v)}' for k, v in kv) + '}'


def repair(r, names):
    """Formats: JSON with a fault, JSON from and to other notations, CSV, key=value, log lines."""
    k = r.randrange(12)
    def one(f):
        return lambda s: f(pairs(r, names))
    JSON = ['Repair the JSON', 'Fix the broken JSON', 'Make this valid JSON', 'Return valid JSON', 'Correct the JSON syntax']
    if k == 0:
        return 'json quotes', JSON + ['Add the missing quotes to the JSON', 'Put quotes around keys and strings'], one(lambda p: ('{' + ', '.join(f'{a}: {b}' for a, b in p) + '}', js(p)))
    if k == 1:
        return 'json comma', JSON + ['Remove the trailing comma from the JSON'], one(lambda p: (js(p)[:-1] + ',}', js(p)))
    if k == 2:
        return 'json single', JSON + ['Use double quotes in the JSON'], one(lambda p: (js(p).replace('"', "'"), js(p)))
    if k == 3:
        return 'json close', JSON + ['Close the open brace'], one(lambda p: (js(p)[:-1], js(p)))
    if k == 4:
        def any_fault(p):
            g = js(p)
            return r.choice([g.replace('"', "'"), g[:-1] + ',}', g[:-1], g.replace('": ', '" '), '{' + ', '.join(f'{a}: {dump(b)}' for a, b in p) + '}', g.replace('": ', '"= ')]), g
        return 'json any', JSON, one(any_fault)
    if k == 5:
        e, j = r.choice(['=', ': ', ' = ', ':']), r.choice([', ', '\n', '; ', ' '])
        return 'pairs to json', ['Convert the pairs to JSON', 'Write the settings as a JSON object', 'Turn key and value into JSON', 'Output JSON'], one(lambda p: (j.join(f'{a}{e}{b}' for a, b in p), js(p)))
    if k == 6:
        e, j = r.choice(['=', ': ']), r.choice([', ', '\n', '; '])
        return 'json to pairs', [f'Convert the JSON to key{e.strip()}value pairs', 'Flatten the JSON object to pairs', 'Write the JSON as plain settings'], one(lambda p: (js(p), j.join(f'{a}{e}{b}' for a, b in p)))
    if k == 7:
        head = names(r, r.randint(2, 3))
        def row(s):
            v = [r.choice([names(r, 1)[0], str(r.randint(0, 99))]) for _ in head]
            return ','.join(v), '{' + ', '.join(f'"{h}": "{x}"' for h, x in zip(head, v)) + '}'
        return 'csv to json', [f'Convert the CSV line with the columns {", ".join(head)} to JSON', f'CSV to JSON. Columns: {", ".join(head)}'], row
    if k == 8:
        return 'json values', ['Write the values of the JSON object as a CSV line', 'JSON to CSV, values only', 'Output the values separated by commas'], one(lambda p: (js(p), ','.join(str(b) for _, b in p)))
    if k == 9:
        def get(s):
            p = pairs(r, names, 3)
            i = r.randrange(3)
            p[i] = (key, p[i][1])
            return js(p), str(p[i][1])
        key = r.choice(['id', 'name', 'status', 'type', 'city', 'email', 'code', 'total'])
        return 'json field', [f'Return the value of "{key}"', f'Get the field {key} from the JSON', f'What is {key}?', f'Extract {key}'], get
    if k == 10:
        i = r.randint(0, 2)
        def col(s):
            v = [r.choice([names(r, 1)[0], str(r.randint(0, 99))]) for _ in range(3)]
            return c.join(v), v[i]
        c = r.choice([',', ';', '|', '\t', ', '])
        return 'csv column', [f'Return column {i + 1}', f'Extract the {["first", "second", "third"][i]} field', f'Give field number {i + 1} of the line'], col
    what = r.choice(['level', 'message', 'time', 'component'])
    def log(s):
        t, l, c, m = f'{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}', r.choice(LEVELS), names(r, 1)[0], ' '.join(s.split()[:6])
        return f'{t} {l} {c}: {m}', dict(level=l, message=m, time=t, component=c)[what]
    return 'log field', [f'Return the {what} of the log line', f'Extract the {what} from the log entry', f'What is the {what}?', f'Parse the log line and output its {what}'], log


TRUE, FALSE = ['yes', 'y', 'true', 'on', '1', 'Yes', 'YES', 'TRUE', 'enabled', 'ok', 'yep', 'sure', 'active'], ['no', 'n', 'false', 'off', '0', 'No', 'NO', 'FALSE', 'disabled', 'nope', 'never', 'inactive', 'not']
NOW = ['URGENT:', 'urgent -', 'Emergency!', 'ASAP:', 'Server down!', 'Deadline today:', 'Production outage,', 'Critical:', 'HELP!', 'Immediately:']
NOW2 = ['Need this right now', 'please act immediately', 'this is critical', 'by end of day today', 'it cannot wait', 'the site is down', 'we are losing money', 'right away!', 'everything is broken', 'must be fixed today']
CALM = ['', '', 'FYI: ', 'Newsletter: ', 'When you have time, ', 'No rush: ', 'Just a note: ', 'Some day: ', 'For next month: ', 'Low priority: ']
CALM2 = ['', '', ' - no hurry', ', whenever you like', ' next week is fine', ', take your time', ' (not important)']
TROUBLE = {'ERROR': ['failed to {}', 'cannot {}', 'could not {}', 'error: {}', 'fatal: {}', 'exception in {}', 'panic: {}'], 'WARN': ['slow {}', 'retrying {}', '{} is deprecated', 'disk almost full: {}', 'warning: {}', 'high latency in {}'],
           'INFO': ['started {}', '{} finished', 'connected to {}', 'loaded {}', '{} is ready', 'user opened {}'], 'DEBUG': ['enter {}', 'value of {} is 3', 'trace {}', 'cache hit for {}', 'calling {}']}


def triage(r, names):
    """Labelled tasks made from signs: {label: function of a sentence}, a word for what the labels are, a sentence for the spec."""
    k = r.randrange(4)
    if k == 0:
        a, b = r.choice([('urgent', 'wait'), ('urgent', 'not urgent'), ('now', 'later'), ('high', 'low'), ('immediate', 'can wait'), ('page', 'ignore'), ('alert', 'quiet'), ('escalate', 'queue')])
        return 'urgency', {a: lambda s: r.choice([r.choice(NOW) + ' ' + s, s + ' ' + r.choice(NOW2), s + ', ' + r.choice(NOW2)]), b: lambda s: r.choice(CALM) + s + r.choice(CALM2)}, r.choice(['urgency', 'priority'])
    if k == 1:
        a, b = r.choice([('true', 'false'), ('yes', 'no'), ('1', '0'), ('on', 'off'), ('enabled', 'disabled'), ('True', 'False')])
        return 'boolean', {a: lambda s: r.choice(TRUE), b: lambda s: r.choice(FALSE)}, 'boolean value'
    if k == 2:
        lv = r.sample(sorted(TROUBLE), r.randint(2, 4))
        m = r.choice([str, str.lower, str.title])
        return 'log level', {m(l): (lambda s, l=l: r.choice(TROUBLE[l]).format(' '.join(names(r, r.randint(1, 2))))) for l in lv}, r.choice(['log level', 'severity', 'level'])
    kinds = {'email': lambda s: email(r), 'phone': lambda s: '-'.join(phone(r)), 'url': lambda s: url(r, names), 'date': lambda s: date_text(r, *date(r)), 'number': lambda s: str(r.randint(0, 99999)), 'name': lambda s: r.choice(FIRST) + ' ' + r.choice(LAST),
             'money': lambda s: r.choice('$€£') + str(r.randint(1, 999)), 'code': lambda s: code(r), 'sentence': lambda s: s, 'json': lambda s: js(pairs(r, names)), 'country': lambda s: r.choice(sorted(COUNTRIES)), 'state': lambda s: r.choice(sorted(STATES))}
    ks = r.sample(sorted(kinds), r.randint(2, 5))
    return 'value kind', {q: kinds[q] for q in ks}, r.choice(['type', 'kind', 'format'])
