"""Labelled tasks from everyday and office life, each label with a generator of texts that show it by signs.

A family is (what the labels are, {label: function of (r, a corpus sentence)}). Several have label sets that are
renamed, cut or re-ordered by the caller, so that no set stands for its family.
"""
from .records import COUNTRIES, FIRST, MONTHS

DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split()


def say(*forms):
    """A generator that fills {s} with the sentence and {n} with a number."""
    return lambda r, s: r.choice(forms).format(s=s, n=r.randint(2, 90), name=r.choice(FIRST), day=r.choice(DAYS), country=r.choice(sorted(COUNTRIES)))


def clock(*hours):
    return lambda r, s: (lambda h, m: r.choice([f'{h:02}:{m:02}', f'{(h - 1) % 12 + 1}:{m:02} {"pm" if h > 11 else "am"}', f'meeting at {h:02}:{m:02}']))(r.choice(hours), r.choice([0, 15, 30, r.randint(0, 59)]))


def number(lo, hi, *forms):
    return lambda r, s: r.choice(forms or ['{}']).format(r.randint(lo, hi))


def month(*which):
    return lambda r, s: r.choice(['{m} {d}', 'on {d} {m}', 'in {m}', '{m}']).format(m=MONTHS[r.choice(which) - 1], d=r.randint(1, 28))


def ending(*ends):
    return lambda r, s: '_'.join(s.split()[:r.randint(1, 2)]).replace('.', '').lower() + '.' + r.choice(ends)


FAMILIES = {
    'part of day': ('part of the day', {'morning': clock(6, 7, 8, 9, 10), 'afternoon': clock(13, 14, 15, 16), 'evening': clock(18, 19, 20, 21), 'night': clock(0, 1, 2, 3)}),
    'weekday or weekend': ('kind of day', {'weekday': lambda r, s: r.choice(['{}', 'see you on {}', 'next {} at noon']).format(r.choice(DAYS[:5])), 'weekend': lambda r, s: r.choice(['{}', 'see you on {}', 'next {} at noon']).format(r.choice(DAYS[5:]))}),
    'season': ('season', {'winter': month(12, 1, 2), 'spring': month(3, 4, 5), 'summer': month(6, 7, 8), 'autumn': month(9, 10, 11)}),
    'question or statement': ('sentence type', {'question': say('can you {s}?', 'why {s}?', '{s}, is that right?', 'how do I {s}?', 'do you know if {s}?'), 'statement': say('I think {s}.', '{s}.', 'we know that {s}.', 'it says {s}.')}),
    'speech act': ('intent', {'greeting': say('hi there, {name}', 'good morning', 'hello everyone', 'hey {name}, how are you?'), 'thanks': say('thank you for {s}', 'many thanks, {name}', 'thanks a lot', 'I appreciate your help'), 'apology': say('sorry about {s}', 'I apologise, {name}', 'my mistake, sorry', 'please excuse the delay'),
                              'farewell': say('bye {name}', 'see you on {day}', 'goodbye and take care', 'talk to you later'), 'complaint': say('this is unacceptable: {s}', 'I am very unhappy with {s}', 'worst service ever', '{s} and nobody helps me')}),
    'http status': ('outcome', {'success': number(200, 206, 'HTTP {}', 'status {}', '{} OK'), 'redirect': number(301, 308, 'HTTP {}', 'status {}', '{} Moved'), 'client error': number(400, 429, 'HTTP {}', 'status {}', '{} Bad Request'), 'server error': number(500, 511, 'HTTP {}', 'status {}', '{} Internal Error')}),
    'http method': ('HTTP method', {'GET': say('show order {n}', 'list all users', 'read the profile of {name}', 'fetch item {n}'), 'POST': say('create a new user {name}', 'add an order', 'submit the form', 'register {name}'), 'PUT': say('replace item {n}', 'update the profile of {name}', 'change the address of order {n}'), 'DELETE': say('remove user {name}', 'delete order {n}', 'drop item {n}', 'erase the account')}),
    'tool choice': ('tool', {'calculator': say('what is {n} times {n}?', 'add {n} and {n}', '{n} percent of {n}', 'compute {n} / {n}'), 'calendar': say('book a meeting on {day}', 'what is planned for {day}?', 'move my appointment to {day}', 'am I free on {day}?'), 'weather': say('will it rain on {day}?', 'temperature in {country}', 'forecast for {country}', 'do I need an umbrella?'),
                             'email': say('write to {name} about {s}', 'reply to {name}', 'forward this to {name}', 'send {name} a message'), 'maps': say('route to {country}', 'how far is {country}?', 'find the way to the station', 'directions to {name}')}),
    'department': ('department', {'billing': say('I was charged twice', 'invoice {n} is wrong', 'where is my refund? {s}', 'my card was declined'), 'technical': say('the app crashes: {s}', 'error {n} when I log in', 'the page does not load', 'update {n} broke it'), 'sales': say('how much for {n} licences?', 'do you offer a discount?', 'I want to buy {n} units', 'can I get a quote?'), 'shipping': say('my parcel has not arrived', 'where is order {n}?', 'deliver to {country}?', 'package arrived damaged')}),
    'spam': ('verdict', {'spam': say('WIN ${n}000 NOW!!! click here', 'cheap pills, {n}% off', 'you have been selected, {name}! claim your prize', 'earn ${n}000 a week from home', 'free money!!! {s}'), 'ham': say('{name} asked about {s}', 'lunch on {day}?', 'notes of the meeting: {s}', 'please see {s}', 'I will be late on {day}')}),
    'file kind': ('file type', {'image': ending('png', 'jpg', 'gif', 'svg'), 'document': ending('pdf', 'docx', 'txt', 'odt'), 'code': ending('go', 'py', 'js', 'c'), 'archive': ending('zip', 'tar.gz', '7z', 'rar'), 'audio': ending('mp3', 'wav', 'flac')}),
    'unit kind': ('quantity', {'length': number(1, 900, '{} m', '{} km', '{} cm', '{} miles', '{} inches'), 'weight': number(1, 900, '{} kg', '{} g', '{} pounds', '{} tons'), 'volume': number(1, 900, '{} l', '{} ml', '{} gallons'), 'time': number(1, 900, '{} min', '{} hours', '{} s', '{} days')}),
    'tense': ('tense', {'past': say('{name} went to {country} last year', 'we finished {s} yesterday', 'I saw {name}', '{name} was there'), 'present': say('{name} lives in {country}', 'we are busy now', 'I see {name}', '{name} is here'), 'future': say('{name} will go to {country}', 'we will finish {s} tomorrow', 'I am going to see {name}', '{name} will be there')}),
    'negation': ('polarity', {'negated': say('I do not like {country}', '{name} never comes on {day}', 'there is no {s}', 'we cannot do {s}'), 'affirmed': say('I like {country}', '{name} always comes on {day}', 'there is {s}', 'we can do {s}')}),
    'risk': ('risk level', {'low': number(1, 19, 'risk {}%', '{}%', 'score {} of 100'), 'medium': number(35, 60, 'risk {}%', '{}%', 'score {} of 100'), 'high': number(80, 99, 'risk {}%', '{}%', 'score {} of 100')}),
    'temperature': ('feeling', {'cold': number(-20, 4, '{} °C', '{} degrees', 'it is {} C'), 'mild': number(12, 20, '{} °C', '{} degrees', 'it is {} C'), 'hot': number(30, 45, '{} °C', '{} degrees', 'it is {} C')}),
    'age': ('age group', {'minor': number(1, 17, 'age {}', '{} years old', 'I am {}'), 'adult': number(18, 64, 'age {}', '{} years old', 'I am {}'), 'senior': number(65, 99, 'age {}', '{} years old', 'I am {}')}),
    'sign': ('sign', {'positive': number(1, 500), 'negative': number(-500, -1), 'zero': lambda r, s: r.choice(['0', '0.0', '0.00', '+0'])}),
    'number shape': ('kind of number', {'integer': number(0, 9999), 'decimal': lambda r, s: f'{r.randint(0, 99)}.{r.randint(1, 99)}', 'percentage': number(1, 99, '{}%', '{} %'), 'fraction': lambda r, s: f'{r.randint(1, 9)}/{r.randint(2, 9)}'}),
    'code language': ('language', {'Python': say('def f(x): return x + {n}', 'print("{s}")', 'import os', 'for i in range({n}): pass'), 'Go': say('func main() {{ }}', 'fmt.Println("{s}")', 'x := {n}', 'package main'), 'SQL': say('SELECT * FROM users', 'DELETE FROM orders WHERE id = {n}', 'INSERT INTO t VALUES ({n})'), 'HTML': say('<p>{s}</p>', '<div class="x">', '<a href="#">{name}</a>'), 'shell': say('ls -la', 'cd /tmp && rm -r x{n}', 'grep {name} log.txt', 'echo {s}')}),
    'commit type': ('type', {'feat': say('add {s}', 'support {s}', 'new option for {s}', 'introduce {n} themes'), 'fix': say('fix crash in {s}', 'correct {s}', 'repair broken link', 'handle missing value, issue {n}'), 'docs': say('explain {s} in the readme', 'update the manual', 'add comments and a guide'), 'test': say('add tests for {s}', 'cover {s} with a test', 'make test {n} stable')}),
    'language': ('language', {'English': say('where is the station?', 'the weather is nice', 'I have {n} books', 'my name is {name}'), 'German': say('wo ist der Bahnhof?', 'das Wetter ist schön', 'ich habe {n} Bücher', 'mein Name ist {name}'), 'French': say('où est la gare?', 'il fait beau', "j'ai {n} livres", "je m'appelle {name}"), 'Spanish': say('¿dónde está la estación?', 'hace buen tiempo', 'tengo {n} libros', 'me llamo {name}')}),
    'email part': ('part of the letter', {'greeting': say('Dear {name},', 'Hello {name},', 'Hi all,'), 'body': say('I write about {s}.', 'We met on {day}: {s}.', 'As agreed, {s}.'), 'closing': say('Best regards, {name}', 'Yours sincerely, {name}', 'Kind regards'), 'subject': say('Subject: {s}', 'Re: {s}')}),
    'grade': ('result', {'pass': number(60, 100, '{} points', 'score {}', '{}/100'), 'fail': number(0, 49, '{} points', 'score {}', '{}/100')}),
    'meal': ('meal', {'breakfast': say('toast and jam at 7:30', 'cereal with milk', 'fried eggs and bacon, {name}', 'porridge'), 'lunch': say('a sandwich at noon', 'soup of the day at 12:30', 'salad at midday with {name}'), 'dinner': say('steak at 8 pm', 'candle light and red wine', 'roast at 19:00 with {name}'), 'dessert': say('ice cream', 'chocolate cake', 'apple pie with cream')}),
    'stance': ('stance', {'agree': say('exactly, {name}', 'I agree: {s}', 'yes, good point', 'same here'), 'disagree': say('I disagree: {s}', 'no, that is wrong', 'not at all, {name}', 'I see it differently'), 'unsure': say('maybe', 'I am not sure about {s}', 'hard to say', 'I do not know, {name}')}),
    'order status': ('status', {'ordered': say('your order {n} was received', 'we got your order', 'order placed on {day}'), 'shipped': say('order {n} is on its way', 'your parcel left {country}', 'handed to the carrier on {day}'), 'delivered': say('order {n} arrived', 'left at the door on {day}', 'signed by {name}'), 'cancelled': say('order {n} was cancelled', 'we refunded order {n}', 'you cancelled on {day}')}),
    'alarm': ('state', {'ok': say('all checks passed', 'cpu at {n}%, normal', 'service healthy', '{n} of {n} replicas ready'), 'warning': say('disk {n}% full, watch it', 'latency rising: {n} ms', 'retry {n}, slow answer'), 'down': say('no answer from host {n}', 'service unreachable', 'connection refused, outage', 'crash loop after {n} restarts')}),
    'meeting': ('answer', {'accept': say('yes, {day} works', 'I will be there', 'count me in', 'sounds good, see you {day}'), 'decline': say('sorry, I cannot make it', 'no, I am away on {day}', '{day} does not work', 'I have to skip'), 'reschedule': say('can we move it to {day}?', 'how about {day} instead?', 'could we meet later?', 'please find another time')}),
    'account': ('request', {'password': say('I forgot my password', 'reset my login', 'cannot sign in, wrong password'), 'delete': say('close my account', 'delete all my data', 'remove my profile, {name}'), 'upgrade': say('I want the pro plan', 'switch me to premium', 'add {n} seats'), 'cancel': say('stop my subscription', 'do not renew', 'cancel the plan on {day}')}),
}


def family(r, names=None):
    """One family: (name, what the labels are, {label: function of a sentence})."""
    name = r.choice(sorted(FAMILIES))
    about, makers = FAMILIES[name]
    return name, about, {l: (lambda s, f=f: f(r, s)) for l, f in makers.items()}
