"""The corpus as pools of rows. One row in twelve, by a hash of its text, is kept for evaluation of seen families;
held-out domains, slots and families are never trained on."""
import collections, json, lzma, os, re, zlib

# Never trained on. The first of each pair may be looked at while a model is being made, the second once per shipped model.
DEV_DOMAINS = {('clinc', 'credit cards'), ('hwu64', 'transport')}
TEST_DOMAINS = {('clinc', 'kitchen and dining'), ('clinc', 'auto and commute'), ('hwu64', 'email')}
HELD_DOMAINS = DEV_DOMAINS | TEST_DOMAINS
DEV_SLOTS, TEST_SLOTS = {'timeofday', 'playlist_owner', 'object_type'}, {'people', 'place_name', 'rating_value'}
DEV_FAMILIES = {'last word', 'contains digit', 'hyphens', 'file kind', 'spam', 'department', 'base name', 'ordinal', 'quote', 'count items'}
TEST_FAMILIES = {'antonym', 'subjectivity',
                 'tool choice', 'season', 'stance', 'order status', 'code language', 'temperature', 'meeting', 'http method',
                 'postcode', 'ticket id', 'speaker', 'url host', 'mail subject', 'find hashtag', 'csv column', 'last item',
                 'last first', 'json single', 'title', 'drop first', 'unsnake', 'hashtag', 'mask email', 'expand', 'month number', 'env line', 'bullets', 'acronym'}
HELD_FAMILIES = DEV_FAMILIES | TEST_FAMILIES


def held(text):
    return zlib.crc32(text.encode()) % 12 == 0


def read(folder, name):
    """Rows of name.jsonl.xz (the corpus) or name.jsonl (the small sample)."""
    path = os.path.join(folder, name + '.jsonl')
    with (lzma.open(path + '.xz', 'rt', encoding='utf-8') if os.path.exists(path + '.xz') else open(path, encoding='utf-8')) as f:
        return [json.loads(line) for line in f]


def prose(folder, name, limit):
    path = os.path.join(folder, name + '.txt')
    if os.path.exists(path):
        return open(path, encoding='utf-8').read(limit)
    with open(path + '.xz', 'rb') as f:
        return lzma.LZMADecompressor().decompress(f.read(), limit).decode('utf-8', 'ignore')


class Pools:
    def __init__(self, folder):
        group = lambda: collections.defaultdict(lambda: collections.defaultdict(list))
        self.intents, self.opinions, self.slots, self.slot_texts = group(), group(), group(), group()
        self.teacher = None  # topics.Teacher, where one is used
        self.categories, self.hypernyms, self.pos = group(), collections.defaultdict(list), collections.defaultdict(list)
        self.sentences, self.words, self.instructions = [], [], collections.defaultdict(list)
        for d in read(folder, 'intents'):
            if len(d['text']) < 110:
                self.intents[d['source'], d['domain']][d['label_words']].append(d['text'])
                if 3 <= len(d['text'].split()) < 14:
                    self.sentences.append(d['text'])
        for d in read(folder, 'opinions'):
            if len(d['text']) < 140:
                self.opinions[d['domain']][d['label_words']].append(d['text'])
        for d in read(folder, 'slots'):
            if len(d['text']) < 120 and d['value'] in d['text']:
                side = 'dev' if d['slot'] in DEV_SLOTS else 'test' if d['slot'] in TEST_SLOTS else 'train'
                self.slots[side][d['domain'], d['slot_name']].append((d['text'], d['value']))
                if side == 'train' and d['source'] in ('snips', 'hwu64'):
                    self.slot_texts[d['source'], d['slot_name']][d['value']].append(d['text'])
        for d in read(folder, 'wordnet'):
            if d['sense'] <= 2 and len(d['gloss']) < 90:
                self.words.append(d)
                kind, cat = d['category'].split('.')
                if d['sense'] == 1:
                    self.categories[kind][cat].append(d['word'])
                    self.pos[d['pos']].append(d['word'])
                    if d['hypernym']:
                        self.hypernyms[d['hypernym']].append(d['word'])
        self.hypernyms = {h: w for h, w in self.hypernyms.items() if len(w) >= 6}
        self.vocabulary = sorted({w for d in self.words for w in d['word'].split() if w.isalpha() and len(w) > 2})
        self.synonyms = [(d['word'], d['synonyms'][0]) for d in self.words if d['synonyms'] and d['sense'] == 1]
        self.antonyms = [(d['word'], d['antonyms'][0]) for d in self.words if d['antonyms']]
        self.glosses = [(d['gloss'], d['word']) for d in self.words if d['sense'] == 1]
        self.usage = [(x, d['word']) for d in self.words for x in d['examples'] if d['word'] in x and len(x) < 90]
        for d in read(folder, 'instructions'):
            if len(d['prompt']) < 420 and len(d['completion']) < 60:
                self.instructions[d['template']].append((d['prompt'], d['completion']))
        self.templates = sorted(t for t in self.instructions if len(self.instructions[t]) >= 8)

    def rows(self, r, pool, n, ev, key=lambda x: x):
        """n different rows of the wanted side: evaluation or training."""
        out = {}
        for _ in range(n * 30):
            x = r.choice(pool)
            if held(key(x)) == ev:
                out[x] = None
                if len(out) == n:
                    break
        return list(out)

    def names(self, r, n):
        return r.sample(self.vocabulary, n)
