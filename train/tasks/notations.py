"""Families of what people and programs write: found in a sentence, taken from a notation, rewritten as another, known by heart.

Every family is a function of (r, names) that returns (family, phrases, function of a sentence), as in forms.py. None does
what a family does that pools.py holds out. The interpreter was trained on them last (paw-mini-7).
"""
import re
from .everyday import DAYS
from .forms import cut, registering
from .records import FIRST, LAST, MONTHS, email

FAMILIES = {}
family = registering(FAMILIES)


def one(names, r):
    return names(r, 1)[0]


def num(r, a=1, b=999):
    return str(r.randint(a, b))


def place(r, s, x, n=7):
    """x somewhere among the first words of s."""
    w = re.sub(r'[\d"():#@%$\[\]]', '', cut(s, n)).split()
    i = r.randint(0, len(w))
    return ' '.join(w[:i] + [x] + w[i:])


def finder(name, value, *forms):
    """Extraction of something recognisable from a sentence. value may return (as it stands, wanted)."""
    def make(r, names, s):
        v = value(r, names)
        shown, want = v if isinstance(v, tuple) else (v, v)
        return place(r, s, shown), want
    family(name, *forms)(make)


def table(name, pairs, *forms):
    """What stands beside something in a table, whose names are now and then written small."""
    rows = sorted(pairs.items())
    family(name, *forms)(lambda r, names, s: (lambda p: (p[0] if r.random() < .7 else r.choice([p[0].lower(), p[0].capitalize()]), p[1]))(r.choice(rows)))


def shapes(name, make, *forms):
    """A notation rewritten as another: make returns both."""
    family(name, *forms)(make)


hexa = lambda r, n: ''.join(r.choice('0123456789abcdef') for _ in range(n))
caps = lambda r, n: ''.join(r.choice('ABCDEFGHJKLMNPRSTUVWXYZ') for _ in range(n))

# Found in a sentence.
finder('flight', lambda r, n: caps(r, 2) + num(r, 10, 9999), 'Which flight is it?', 'Extract the flight number', 'Return the flight')
finder('plate', lambda r, n: caps(r, r.randint(1, 3)) + '-' + caps(r, 2) + ' ' + num(r, 1, 9999), 'Return the licence plate', 'Which car is meant? Plate only', 'Extract the registration number of the car')
finder('hex colour', lambda r, n: '#' + hexa(r, 6), 'Extract the colour code', 'Return the hex colour', 'Which colour code is mentioned?')
finder('version', lambda r, n: r.choice(['', 'v']) + f'{r.randint(0, 9)}.{r.randint(0, 30)}.{r.randint(0, 30)}', 'Return the version', 'Extract the version number', 'Which release is it?')
finder('ip', lambda r, n: '.'.join(num(r, 0, 255) for _ in range(4)), 'Extract the IP address', 'Return the address of the host', 'Which IP is mentioned?')
finder('clock', lambda r, n: f'{r.randint(0, 23)}:{r.choice(["00", "15", "30", "45", "05", "20"])}', 'At what time?', 'Extract the time', 'Return the time of day as written')
finder('percentage', lambda r, n: num(r, 1, 99) + r.choice(['%', ' %', ' percent']), 'Return the percentage', 'Extract the share', 'What percentage is mentioned?')
finder('price', lambda r, n: r.choice(['$', '€', '£']) + num(r) + r.choice(['', '.99', '.50']), 'What does it cost?', 'Extract the price', 'Return the amount of money')
finder('mention', lambda r, n: (lambda w: ('@' + w, w))(n(r, 1)[0] + r.choice(['', num(r, 1, 99)])), 'Who is mentioned? Name without the @', 'Return the user that is mentioned', 'Extract the handle, without its sign')
finder('temperature value', lambda r, n: num(r, -20, 45) + r.choice([' °C', '°C', ' degrees']), 'Return the temperature', 'How warm is it? Copy the value', 'Extract the degrees')
finder('room', lambda r, n: (lambda x: ('room ' + x, x))(r.choice(['', 'A', 'B', 'C']) + num(r, 1, 400)), 'Which room?', 'Return the room number', 'Extract the number of the room')
finder('gate', lambda r, n: (lambda x: ('gate ' + x, x))(r.choice('ABCDEF') + num(r, 1, 60)), 'Which gate?', 'Return the gate', 'Extract the gate')
finder('isbn', lambda r, n: '978-' + '-'.join([num(r, 0, 9), num(r, 1000, 9999), num(r, 1000, 9999), num(r, 0, 9)]), 'Extract the ISBN', 'Return the number of the book', 'Which ISBN is it?')
finder('commit', lambda r, n: hexa(r, 7), 'Which commit?', 'Extract the hash', 'Return the commit hash')
finder('weekday in text', lambda r, n: (lambda d: (r.choice(['on ', 'next ', 'this ', 'by ']) + d, d))(r.choice(DAYS)), 'On which day?', 'Extract the weekday', 'Return the day of the week that is mentioned')
finder('month in text', lambda r, n: (lambda d: (r.choice(['in ', 'since ', 'until ', 'by ']) + d, d))(r.choice(MONTHS)), 'In which month?', 'Extract the month', 'Return the month that is mentioned')
finder('person', lambda r, n: (lambda x: (r.choice(['with ', 'from ', 'by ', 'for ']) + x, x))(r.choice(FIRST) + ' ' + r.choice(LAST)), 'Which person is named?', 'Return the name of the person', 'Extract the full name')
finder('file', lambda r, n: n(r, 1)[0] + r.choice(['.txt', '.pdf', '.xlsx', '.docx', '.png', '.go', '.zip']), 'Which file?', 'Return the file that is mentioned', 'Extract the file name from the sentence')
finder('environment', lambda r, n: (lambda x: ('$' + x, x))(n(r, 1)[0].upper()), 'Return the variable, without the dollar sign', 'Which variable is used?', 'Extract the name after $')
finder('measure', lambda r, n: num(r, 1, 500) + ' ' + r.choice(['kg', 'km', 'cm', 'ml', 'mm', 'g', 'm', 'lb', 'oz']), 'Extract the quantity with its unit', 'Return the measure', 'Which amount is mentioned?')
finder('number alone', lambda r, n: num(r, 1, 9999), 'Return the number in the {t}', 'Which number is mentioned?', 'Digits only')
finder('capital word', lambda r, n: n(r, 1)[0].upper(), 'Return the word in capitals', 'Which word is shouted?', 'Extract the upper-case word')
finder('code span', lambda r, n: (lambda w: ('`' + w + '`', w))('_'.join(n(r, 2))), 'Return the code in backticks', 'What stands between the backticks?', 'Extract the inline code')
finder('starred', lambda r, n: (lambda w: ('*' + w + '*', w))(n(r, 1)[0]), 'Which word is emphasised?', 'Return the word between the stars', 'Extract what is in asterisks')

# Taken from a notation.
shapes('port', lambda r, n, s: (lambda p: (r.choice([one(n, r) + '.local', '127.0.0.1', 'localhost', one(n, r)]) + ':' + p, p))(num(r, 80, 9999)), 'Return the port', 'Which port?', 'Give the number after the colon')
shapes('host', lambda r, n, s: (lambda h: (h + ':' + num(r, 80, 9999), h))(r.choice([one(n, r) + '.local', one(n, r), f'10.0.{num(r, 0, 9)}.{num(r, 1, 99)}'])), 'Return the host without the port', 'Which machine?', 'Drop the port')
shapes('image tag', lambda r, n, s: (lambda t: (r.choice(['', one(n, r) + '/']) + one(n, r) + ':' + t, t))(r.choice(['latest', '1.' + num(r, 0, 30), 'v' + num(r, 1, 20), 'stable'])), 'Return the tag of the image', 'Which tag?', 'Extract the tag of the container image')
shapes('repo', lambda r, n, s: (lambda a, b: (r.choice(['https://github.com/{}/{}', 'git@github.com:{}/{}.git', 'github.com/{}/{}']).format(a, b), b))(*n(r, 2)), 'Return the repository name', 'Which repository?', 'Extract the name of the repo')
shapes('repo owner', lambda r, n, s: (lambda a, b: (r.choice(['https://github.com/{}/{}', 'github.com/{}/{}', '{}/{}']).format(a, b), a))(*n(r, 2)), 'Return the owner of the repository', 'Who owns it?', 'Extract the account')
shapes('func name', lambda r, n, s: (lambda f, a: (r.choice(['func {}({} int) error {{', 'def {}({}):', 'function {}({}) {{', 'fn {}({}: u32) -> u32 {{']).format(f, a), f))('_'.join(n(r, r.randint(1, 2))), one(n, r)), 'Return the name of the function', 'Which function is defined?', 'Extract the function name')
shapes('func argument', lambda r, n, s: (lambda f, a: (r.choice(['func {}({} int) error {{', 'def {}({}):', 'function {}({}) {{', '{}({})']).format(f, a), a))(*n(r, 2)), 'Return the name of the argument', 'Which parameter does it take?', 'Extract the parameter')
shapes('class name', lambda r, n, s: (lambda c, p: (r.choice(['class {}({}):', 'class {} extends {} {{', 'class {} : {}']).format(c, p), c))(*[x.capitalize() for x in n(r, 2)]), 'Return the name of the class', 'Which class is declared?', 'Extract the class')
shapes('parent class', lambda r, n, s: (lambda c, p: (r.choice(['class {}({}):', 'class {} extends {} {{', 'class {} : {}']).format(c, p), p))(*[x.capitalize() for x in n(r, 2)]), 'Return the base class', 'What does the class inherit from?', 'Extract the parent class')
shapes('module', lambda r, n, s: (lambda m, x: (r.choice(['import {}', 'from {} import {}', "const x = require('{}')", 'use {}::{};', '#include <{}.h>']).format(m, x), m))(*n(r, 2)), 'Return the module that is imported', 'Which package is used?', 'Extract the imported module')
shapes('sql table', lambda r, n, s: (lambda c, t, d: (r.choice(['SELECT {} FROM {} WHERE {} = 1;', 'select {} from {}', 'DELETE {} FROM {};']).format(c, t, d), t))(*n(r, 3)), 'Return the table of the query', 'Which table is read?', 'Extract the table name')
shapes('sql column', lambda r, n, s: (lambda c, t: (r.choice(['SELECT {} FROM {};', 'select {} from {} limit 5', 'SELECT {} FROM {} ORDER BY id']).format(c, t), c))(*n(r, 2)), 'Return the column of the query', 'Which column is selected?', 'Extract the selected column')
shapes('css value', lambda r, n, s: (lambda p, v: (f'{p}: {v};', v))(r.choice(['color', 'margin', 'width', 'font-size', 'border', 'padding']), r.choice([num(r, 1, 90) + 'px', one(n, r), num(r, 1, 100) + '%'])), 'Return the value of the CSS property', 'Which value is set?', 'Extract the value without the semicolon')
shapes('css property', lambda r, n, s: (lambda p, v: (f'{p}: {v};', p))(r.choice(['color', 'margin', 'width', 'font-size', 'border', 'padding', 'height', 'top']), num(r, 1, 90) + 'px'), 'Return the CSS property', 'Which property is set?', 'Extract the name of the property')
shapes('attribute', lambda r, n, s: (lambda t, k, v: (f'<{t} {k}="{v}">', v))(r.choice(['a', 'img', 'div', 'item']), *n(r, 2)), 'Return the value of the attribute', 'Extract the attribute value from the tag', 'Which value has the attribute?')
shapes('tag name', lambda r, n, s: (lambda t: (r.choice([f'<{t}>{cut(s, 2)}</{t}>', f'<{t}/>', f'<{t} id="{one(n, r)}">']), t))(r.choice(['a', 'div', 'item', 'span', 'table', 'title', 'p', one(n, r)])), 'Return the name of the tag', 'Which element is it?', 'Extract the tag name')
shapes('link text', lambda r, n, s: (lambda t: (f'[{t}](https://{one(n, r)}.com)', t))(cut(s, 3)), 'Return the text of the link', 'What is written on the link?', 'Extract the label of the Markdown link')
shapes('ini section', lambda r, n, s: (lambda t: (f'[{t}]\n{one(n, r)} = {num(r)}', t))(one(n, r)), 'Return the name of the section', 'Which section is it?', 'Extract the section of the INI file')
shapes('ini key', lambda r, n, s: (lambda k, v: (r.choice(['{} = {}', '{}={}', '{}: {}']).format(k, v), k))(*n(r, 2)), 'Return the key', 'Which setting is it? Name only', 'Drop the value, keep the key')
shapes('score home', lambda r, n, s: (lambda a, b, x, y: (f'{a} {x}:{y} {b}', f'{x}:{y}'))(*[w.capitalize() for w in n(r, 2)], num(r, 0, 9), num(r, 0, 9)), 'Return the score', 'How did it end?', 'Extract the result of the match')
shapes('winner', lambda r, n, s: (lambda a, b, x, y: (f'{a} {x}:{y} {b}', a if x > y else b))(*[w.capitalize() for w in n(r, 2)], *r.sample(range(10), 2)), 'Who won?', 'Return the winning team', 'Which team has more goals?')
shapes('departure', lambda r, n, s: (lambda a, b: (r.choice(['{} - {}', '{} to {}', 'from {} to {}', '{} > {}']).format(a, b), a))(*[w.capitalize() for w in n(r, 2)]), 'Where does the trip begin?', 'Return the place of departure', 'Extract the origin')
shapes('destination', lambda r, n, s: (lambda a, b: (r.choice(['{} - {}', '{} to {}', 'from {} to {}', '{} > {}']).format(a, b), b))(*[w.capitalize() for w in n(r, 2)]), 'Where does the trip end?', 'Return the destination', 'Extract the place of arrival')
shapes('author', lambda r, n, s: (lambda t, a: (r.choice(['"{}" by {}', '{} ({})', '{} - {}']).format(t, a), a))(cut(s, 4), r.choice(FIRST) + ' ' + r.choice(LAST)), 'Who wrote it?', 'Return the author', 'Extract the author of the title')
shapes('book title', lambda r, n, s: (lambda t, a: (r.choice(['"{}" by {}', '"{}" ({})']).format(t, a), t))(cut(s, 4), r.choice(FIRST) + ' ' + r.choice(LAST)), 'What is the title?', 'Return the title without quotes', 'Extract the title of the book')
shapes('recipient', lambda r, n, s: (lambda e: (f'To: {e}\nFrom: {email(r)}\nSubject: {cut(s, 3)}', e))(email(r)), 'Who receives the e-mail?', 'Return the address after To', 'Extract the recipient')
shapes('first sentence', lambda r, n, s: (lambda a, b: (f'{a}. {b}.', a + '.'))(cut(s, 5).capitalize().rstrip('.?!'), ' '.join(n(r, 3)).capitalize()), 'Return the first sentence', 'Keep only the first sentence', 'Cut after the first sentence')
shapes('question part', lambda r, n, s: (lambda a, b: (r.choice([f'{a}. {b}?', f'{b}? {a}.']), b + '?'))(' '.join(n(r, 3)).capitalize(), cut(s, 5).capitalize().rstrip('.?!')), 'Return the question in the {t}', 'Which sentence asks something? Copy it', 'Extract the question')

# Rewritten.
shapes('pascal', lambda r, n, s: (lambda w: (' '.join(w), ''.join(x.capitalize() for x in w)))(n(r, r.randint(2, 3))), 'Write as PascalCase', 'Make a type name: capitals, no spaces', 'Join the words, each with a capital')
shapes('camel', lambda r, n, s: (lambda w: (' '.join(w), w[0] + ''.join(x.capitalize() for x in w[1:])))(n(r, r.randint(2, 3))), 'Write as camelCase', 'Make a variable name, first word small', 'Join the words as in JavaScript')
shapes('constant', lambda r, n, s: (lambda w: (' '.join(w), '_'.join(w).upper()))(n(r, r.randint(2, 3))), 'Write as a constant', 'SCREAMING_SNAKE_CASE', 'Capitals, joined by underscores')
shapes('dotted', lambda r, n, s: (lambda w: (' '.join(w), '.'.join(w)))(n(r, r.randint(2, 4))), 'Write as a dotted path', 'Make a property path', 'Dots in the place of spaces')
shapes('python call', lambda r, n, s: (lambda f, k, v: (f'{f} with {k} {v}', f'{f}({k}={v})'))(*n(r, 2), num(r)), 'Write as a Python call', 'Make it a function call with a keyword argument', 'Turn "f with k v" into code')
shapes('go var', lambda r, n, s: (lambda k, v: (f'{k} {r.choice(["is", "=", "equals"])} {v}', f'{k} := {v}'))(one(n, r), num(r)), 'Write as a short variable declaration in Go', 'Declare it in Go', 'Use :=')
shapes('js const', lambda r, n, s: (lambda k, v: (f'{k} {r.choice(["is", "=", "equals"])} {v}', f'const {k} = {v};'))(one(n, r), num(r)), 'Write as a JavaScript constant', 'Declare it with const', 'Make it a const statement')
shapes('css rule', lambda r, n, s: (lambda k, v: (f'{k} {v}', f'.{k} {{ color: {v}; }}'))(*n(r, 2)), 'Write a CSS rule for the class and its colour', 'Class and colour to CSS', 'Make a CSS rule')
shapes('xml', lambda r, n, s: (lambda k, v: (r.choice(['{}: {}', '{} = {}', '{} {}']).format(k, v), f'<{k}>{v}</{k}>'))(*n(r, 2)), 'Write as XML', 'Turn key and value into an element', 'Make an XML element')
shapes('from xml', lambda r, n, s: (lambda k, v: (f'<{k}>{v}</{k}>', f'{k}: {v}'))(*n(r, 2)), 'Write the element as key: value', 'Turn the XML into plain text', 'XML to "key: value"')
shapes('toml', lambda r, n, s: (lambda k, v: (r.choice(['{}: {}', '{} is {}', '{} -> {}']).format(k, v), f'{k} = "{v}"'))(*n(r, 2)), 'Write as TOML', 'Turn the setting into a TOML line', 'Key = "value"')
shapes('query string', lambda r, n, s: (lambda w: (', '.join(f'{a}: {b}' for a, b in zip(w[::2], w[1::2])), '?' + '&'.join(f'{a}={b}' for a, b in zip(w[::2], w[1::2]))))(n(r, r.choice([2, 4]))), 'Write as a query string', 'Make URL parameters', 'Turn the pairs into ?a=b')
shapes('from query', lambda r, n, s: (lambda w: ('?' + '&'.join(f'{a}={b}' for a, b in zip(w[::2], w[1::2])), ', '.join(f'{a}: {b}' for a, b in zip(w[::2], w[1::2]))))(n(r, r.choice([2, 4]))), 'Read the query string as pairs', 'Write the URL parameters as "name: value"', 'Turn ?a=b into a: b')
shapes('tuple', lambda r, n, s: (lambda w: (r.choice([' ', ', ', '; ']).join(w), '(' + ', '.join(w) + ')'))([num(r) for _ in range(r.randint(2, 3))]), 'Write as a tuple', 'Make coordinates of it', 'Brackets around, commas between')
shapes('range', lambda r, n, s: (lambda a, b: (r.choice(['from {} to {}', '{} to {}', 'between {} and {}', '{} until {}']).format(a, b), f'{a}-{b}'))(num(r, 1, 50), num(r, 51, 99)), 'Write the range with a dash', 'Shorten to a-b', 'Make it a range such as 3-7')
shapes('comparison', lambda r, n, s: (lambda k, v, o: (f'{k} {o[0]} {v}', f'{k} {o[1]} {v}'))(one(n, r), num(r), r.choice([('is greater than', '>'), ('is less than', '<'), ('equals', '=='), ('is not', '!='), ('is at least', '>='), ('is at most', '<=')])), 'Write as an expression', 'Use the comparison sign', 'Condition to code')
shapes('boolean expression', lambda r, n, s: (lambda a, b, o: (f'{o[0]}'.format(a, b), f'{o[1]}'.format(a, b)))(*n(r, 2), r.choice([('{} and {}', '{} && {}'), ('{} or {}', '{} || {}'), ('{} but not {}', '{} && !{}'), ('not {} and {}', '!{} && {}')])), 'Write as a boolean expression', 'Use && || and !', 'Words to logic in C')
shapes('wiki link', lambda r, n, s: (lambda t: (t, f'[[{t}]]'))(' '.join(n(r, r.randint(1, 2)))), 'Make a wiki link', 'Put it in double square brackets', 'Link it as in a wiki')
shapes('footnote', lambda r, n, s: (lambda t, k: (f'{t} {k}', f'{t}[^{k}]'))(cut(s, 4), num(r, 1, 20)), 'Turn the number at the end into a footnote', 'Write the last number as [^n]', 'Make a Markdown footnote')
shapes('bold', lambda r, n, s: (cut(s, 4), f'<b>{cut(s, 4)}</b>'), 'Make it bold in HTML', 'Wrap it in a b element', 'HTML bold')
shapes('html item', lambda r, n, s: (cut(s, 4), f'<li>{cut(s, 4)}</li>'), 'Make it an HTML list item', 'Wrap it in li', 'Write as an li element')
shapes('comment', lambda r, n, s: (cut(s, 6), '// ' + cut(s, 6)), 'Write as a comment in Go', 'Comment the line out', 'Put // before it')
shapes('sql comment', lambda r, n, s: (cut(s, 6), '-- ' + cut(s, 6)), 'Write as a comment in SQL', 'Comment it out with two dashes', 'SQL comment')
shapes('shell echo', lambda r, n, s: (cut(s, 4), f'echo "{cut(s, 4)}"'), 'Write a shell command that prints it', 'Echo it in bash', 'Make an echo command')
shapes('print', lambda r, n, s: (cut(s, 4), f'print("{cut(s, 4)}")'), 'Write a Python line that prints it', 'Print it in Python', 'Wrap it in print()')
shapes('git commit', lambda r, n, s: (cut(s, 5), f'git commit -m "{cut(s, 5)}"'), 'Write the git command with this message', 'Commit with the message', 'Make it a git commit command')
shapes('mkdir', lambda r, n, s: (lambda w: (f'{r.choice(["folder", "directory", "new folder"])} {w}', f'mkdir {w}'))(one(n, r)), 'Write the shell command', 'Make the folder in bash', 'Turn it into mkdir')
shapes('copy command', lambda r, n, s: (lambda a, b: (r.choice(['copy {} to {}', '{} to {}', 'duplicate {} as {}']).format(a, b), f'cp {a} {b}'))(*n(r, 2)), 'Write the shell command that copies', 'Copy in bash', 'cp command')
shapes('phone link', lambda r, n, s: (lambda p: (' '.join(p), 'tel:' + ''.join(p)))([num(r, 100, 999), num(r, 100, 999), num(r, 1000, 9999)]), 'Make a tel: link', 'Write the phone number as a link', 'Telephone URI')
shapes('mailto', lambda r, n, s: (lambda e: (e, 'mailto:' + e))(email(r)), 'Make a mailto link', 'Write the address as a link', 'E-mail URI')
shapes('name handle', lambda r, n, s: (lambda a, b: (f'{a} {b}', f'@{a[0]}{b}'.lower()))(r.choice(FIRST), r.choice(LAST)), 'Make a user name: @, initial, surname, lower case', 'Write the handle of the person', 'Handle from the name')
shapes('signature', lambda r, n, s: (lambda a, b, t: (f'{a} {b}, {t}', f'{b}, {a[0]}. ({t})'))(r.choice(FIRST), r.choice(LAST), one(n, r)), 'Write as in a list of references', 'Surname, initial, then the rest in brackets', 'Format the person for the register')
shapes('date slash', lambda r, n, s: (lambda d, m, y: (f'{d}.{m}.{y}', f'{m}/{d}/{y}'))(num(r, 1, 28), num(r, 1, 12), num(r, 1990, 2030)), 'Write the German date the American way', 'Turn d.m.y into m/d/y', 'Swap day and month, use slashes')
shapes('date dots', lambda r, n, s: (lambda d, m, y: (f'{m}/{d}/{y}', f'{d}.{m}.{y}'))(num(r, 1, 28), num(r, 1, 12), num(r, 1990, 2030)), 'Write the American date the German way', 'Turn m/d/y into d.m.y', 'Day first, with dots')
shapes('time dots', lambda r, n, s: (lambda h, m: (f'{h}:{m}', f'{h}h{m}'))(num(r, 0, 23), r.choice(['00', '15', '30', '45'])), 'Write the time the French way', 'Put an h between hours and minutes', 'Turn 8:30 into 8h30')
shapes('decimal comma', lambda r, n, s: (lambda a, b: (f'{a}.{b}', f'{a},{b}'))(num(r), num(r, 10, 99)), 'Use a decimal comma', 'Write the number the European way', 'Replace the decimal point by a comma')
shapes('plus sign', lambda r, n, s: (lambda x: (x, '+' + x))(num(r)), 'Put a plus sign before the number', 'Write it as an increase', 'Make the sign visible')
shapes('negate', lambda r, n, s: (lambda x: (x, '-' + x))(num(r)), 'Make the number negative', 'Return minus the number', 'Change the sign')
shapes('zero decimals', lambda r, n, s: (lambda x: (x, x + '.00'))(num(r)), 'Write with two decimals', 'Format as money, two places', 'Add .00')
shapes('round down', lambda r, n, s: (lambda a, b: (f'{a}.{b}', a))(num(r), num(r, 1, 99)), 'Round down to a whole number', 'Cut the decimals', 'Integer part only')
shapes('fraction', lambda r, n, s: (lambda a, b: (r.choice(['{} of {}', '{} out of {}', '{} in {}']).format(a, b), f'{a}/{b}'))(num(r, 1, 9), num(r, 10, 99)), 'Write as a fraction', 'Use a slash', 'Turn "3 of 7" into 3/7')
shapes('chord', lambda r, n, s: (lambda a: (f'{a} {r.choice(["minor", "min", "moll"])}', a + 'm'))(r.choice('ABCDEFG')), 'Write the chord in short', 'Chord symbol', 'Minor chord as a letter and m')
shapes('pipe table', lambda r, n, s: (lambda w: (', '.join(w), '| ' + ' | '.join(w) + ' |'))(n(r, r.randint(2, 3))), 'Write as a row of a Markdown table', 'Make a table row with bars', 'Bars around every cell')
shapes('numbered', lambda r, n, s: (lambda w: (', '.join(w), '\n'.join(f'{i + 1}. {x}' for i, x in enumerate(w))))(n(r, r.randint(2, 3))), 'Make a numbered list', 'Number the items, one a line', 'Write 1. 2. 3. before the items')
shapes('lines', lambda r, n, s: (lambda w: (', '.join(w), '\n'.join(w)))(n(r, r.randint(2, 4))), 'One item a line', 'Split the list into lines', 'Break at the commas')
shapes('sum up pair', lambda r, n, s: (lambda a, b: (f'{a} and {b}', f'{b} & {a}'))(*n(r, 2)), 'Exchange the two and use &', 'Write the pair the other way round with &', 'Swap, and join with an ampersand')
shapes('possessive', lambda r, n, s: (lambda a, b: (f'the {b} of {a}', f"{a}'s {b}"))(r.choice(FIRST), one(n, r)), "Use the possessive 's", "Write it with 's", "Turn \"the x of y\" into y's x")
shapes('of phrase', lambda r, n, s: (lambda a, b: (f"{a}'s {b}", f'the {b} of {a}'))(r.choice(FIRST), one(n, r)), "Write with of instead of 's", "Turn y's x into \"the x of y\"", 'Use "of"')
shapes('question form', lambda r, n, s: (lambda a, b: (f'{a} is {b}', f'Is {a} {b}?'))(r.choice(FIRST), one(n, r)), 'Make a question of it', 'Ask whether it is so', 'Turn the statement into a yes/no question')
shapes('negative form', lambda r, n, s: (lambda a, b: (f'{a} is {b}', f'{a} is not {b}'))(r.choice(FIRST), one(n, r)), 'Say the opposite', 'Negate the sentence', 'Put "not" in it')
shapes('past be', lambda r, n, s: (lambda a, b: (f'{a} is {b}', f'{a} was {b}'))(r.choice(FIRST), one(n, r)), 'Put it into the past', 'Past tense', 'Write it as something that was')
shapes('will', lambda r, n, s: (lambda a, b: (f'{a} is {b}', f'{a} will be {b}'))(r.choice(FIRST), one(n, r)), 'Put it into the future', 'Future tense', 'Say that it will be so')
shapes('pronoun', lambda r, n, s: (lambda a, b: (f'I {a} {b}', f'You {a} {b}'))(r.choice(['like', 'see', 'know', 'want', 'need', 'have']), one(n, r)), 'Address the reader: I becomes you', 'Replace I by You', 'Say it to the reader')
shapes('greeting', lambda r, n, s: (lambda a: (a, f'Hello {a},'))(r.choice(FIRST)), 'Greet the person', 'Write the first line of a friendly mail', 'Hello and the name, with a comma')
shapes('birthday', lambda r, n, s: (lambda a: (a, f'Happy birthday, {a}!'))(r.choice(FIRST)), 'Wish a happy birthday', 'Congratulate the person', 'Birthday wish')
shapes('thanks line', lambda r, n, s: (lambda a, b: (f'{a}, {b}', f'Thank you for the {b}, {a}!'))(r.choice(FIRST), one(n, r)), 'Thank the person for the thing', 'Write a thank-you line', 'Say thanks by name')
shapes('reminder', lambda r, n, s: (lambda d: (f'{cut(s, 4)} on {d}', f'[{d}] {cut(s, 4)}'))(r.choice(DAYS)), 'Put the day in brackets in front', 'Make a calendar entry', 'Write as [day] task')
shapes('log line', lambda r, n, s: (lambda l: (f'{l}: {cut(s, 5)}', f'{l.upper()} - {cut(s, 5)}'))(r.choice(['info', 'error', 'warning', 'debug'])), 'Format as a log line', 'Level in capitals, dash, message', 'Rewrite the message for the log')
shapes('censor', lambda r, n, s: (lambda w, a, b: (f'{a} {w} {b}', f'{a} **** {b}'))(r.choice(['damn', 'hell', 'idiot', 'stupid']), cut(s, 3), one(n, r)), 'Replace the bad word by ****', 'Censor the {t}', 'Hide rude words with stars')
shapes('vowels', lambda r, n, s: (lambda w: (w, re.sub('[aeiou]', '', w) or w))(one(n, r)), 'Remove the vowels', 'Write only the consonants', 'Drop a, e, i, o and u')
shapes('double first', lambda r, n, s: (lambda w: (w, w[0] + w))(one(n, r)), 'Double the first letter', 'Write the first letter twice', 'Stutter')
shapes('plural count', lambda r, n, s: (lambda w, k: (f'{w} x{k}', f'{k} {w}s'))(one(n, r), num(r, 2, 20)), 'Write the number first, then the plural', 'Read the order as "n things"', 'Turn "pen x3" into "3 pens"')
shapes('times', lambda r, n, s: (lambda w, k: (f'{k} {w}', f'{w} x{k}'))(one(n, r), num(r, 2, 20)), 'Write as item x number', 'Put the number last, after an x', 'Turn "3 pen" into "pen x3"')

# Known by heart, or not.
table('planets', dict(Mercury='1', Venus='2', Earth='3', Mars='4', Jupiter='5', Saturn='6', Uranus='7', Neptune='8'), 'Which place from the sun has the planet?', 'Number of the planet', 'Planet to number')
table('elements', dict(hydrogen='H', oxygen='O', carbon='C', iron='Fe', gold='Au', silver='Ag', copper='Cu', helium='He', nitrogen='N', sodium='Na', lead='Pb', zinc='Zn'), 'Return the symbol of the element', 'Chemical symbol', 'Element to symbol')
table('days number', {d: str(i + 1) for i, d in enumerate(DAYS)}, 'Number of the weekday, Monday is 1', 'Weekday to number', 'Which day of the week is it, counted from Monday?')
table('next day', {d: DAYS[(i + 1) % 7] for i, d in enumerate(DAYS)}, 'Which day comes next?', 'Return the following weekday', 'The day after')
table('next month', {m: MONTHS[(i + 1) % 12] for i, m in enumerate(MONTHS)}, 'Which month comes next?', 'Return the following month', 'The month after')
table('quarter', {m: f'Q{i // 3 + 1}' for i, m in enumerate(MONTHS)}, 'Which quarter is it?', 'Month to quarter', 'Return Q1 to Q4')
table('capitals', dict(France='Paris', Germany='Berlin', Italy='Rome', Spain='Madrid', England='London', Japan='Tokyo', Russia='Moscow', Greece='Athens', Austria='Vienna', Egypt='Cairo', China='Beijing', Ireland='Dublin', Poland='Warsaw', Sweden='Stockholm'), 'Name the capital', 'Capital of the country', 'Return the capital city')
table('sounds', dict(dog='woof', cat='meow', cow='moo', sheep='baa', duck='quack', pig='oink', horse='neigh', frog='ribbit', owl='hoot', lion='roar'), 'Which sound does the animal make?', 'Animal to sound', 'Return its sound')
table('opposite sides', dict(left='right', right='left', up='down', down='up', north='south', south='north', east='west', west='east', top='bottom', bottom='top', front='back', back='front'), 'Return the other side', 'Turn it around', 'Where is the opposite direction?')
table('morse', dict(A='.-', B='-...', C='-.-.', D='-..', E='.', I='..', K='-.-', M='--', N='-.', O='---', R='.-.', S='...', T='-', U='..-'), 'Write in Morse code', 'Letter to Morse', 'Morse')
table('alphabet', {chr(65 + i): w for i, w in enumerate('Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey'.split())}, 'Spell the letter on the radio', 'NATO alphabet', 'Letter to code word')
table('emoji', dict(happy=':)', sad=':(', surprised=':o', wink=';)', laugh=':D', kiss=':*', angry='>:(', neutral=':|'), 'Write the smiley', 'Mood to smiley', 'Return the emoticon')
table('mime', dict(png='image/png', jpg='image/jpeg', gif='image/gif', html='text/html', css='text/css', csv='text/csv', json='application/json', pdf='application/pdf', zip='application/zip', txt='text/plain'), 'Return the MIME type', 'File ending to MIME type', 'Content type of the ending')
table('grades', dict(A='very good', B='good', C='satisfactory', D='sufficient', F='failed'), 'Say the grade in words', 'Grade to words', 'What does the grade mean?')
