package pawfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A strict reader of JSON (RFC 8259) for meta.json. encoding/json would do the same with reflection and
// be an eighth of the browser's module; a fuzz test holds the two against each other. Stricter than it:
// keys are told apart by case, and no key may stand twice in the object that is read.

// JSON is a JSON value as text. It marshals as itself.
type JSON []byte

// MarshalJSON implements json.Marshaler.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (j *JSON) UnmarshalJSON(b []byte) error {
	*j = append((*j)[:0], b...)
	return nil
}

// entry is a key of an object and its value's text.
type entry struct {
	key   string
	value JSON
}

var errJSON = errors.New("no valid JSON")

// cursor walks over the text.
type cursor struct {
	b     []byte
	at    int
	depth int
}

func (c *cursor) fault(what string) error {
	return fmt.Errorf("%w at byte %d: %s", errJSON, c.at, what)
}

func (c *cursor) space() {
	for c.at < len(c.b) && (c.b[c.at] == ' ' || c.b[c.at] == '\t' || c.b[c.at] == '\n' || c.b[c.at] == '\r') {
		c.at++
	}
}

// take consumes one byte if it is the next.
func (c *cursor) take(x byte) bool {
	if c.at < len(c.b) && c.b[c.at] == x {
		c.at++
		return true
	}
	return false
}

// members reads a text that is one object.
func members(b []byte) ([]entry, error) {
	c := cursor{b: b}
	c.space()
	if !c.take('{') {
		return nil, c.fault("an object is needed")
	}
	var out []entry
	seen := map[string]bool{}
	err := c.list('}', func() error {
		key, value, err := c.member()
		if err != nil {
			return err
		}
		if seen[key] {
			return c.fault(fmt.Sprintf("key %.40q stands twice", key))
		}
		seen[key] = true
		out = append(out, entry{key, value})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.space(); c.at < len(b) {
		return nil, c.fault("something follows the object")
	}
	return out, nil
}

// list reads items up to the closing byte; the opening one is consumed.
func (c *cursor) list(end byte, item func() error) error {
	if c.depth++; c.depth > maxDepth {
		return c.fault(fmt.Sprintf("it is nested more than %d deep", maxDepth))
	}
	defer func() { c.depth-- }()
	if c.space(); c.take(end) {
		return nil
	}
	for {
		c.space()
		if err := item(); err != nil {
			return err
		}
		c.space()
		if c.take(end) {
			return nil
		}
		if !c.take(',') {
			return c.fault("a comma or the end is missing")
		}
	}
}

func (c *cursor) member() (key string, value JSON, err error) {
	if key, err = c.text(); err != nil {
		return "", nil, err
	}
	if c.space(); !c.take(':') {
		return "", nil, c.fault("a colon is missing")
	}
	c.space()
	from := c.at
	if err := c.value(); err != nil {
		return "", nil, err
	}
	return key, JSON(c.b[from:c.at]), nil
}

// value passes over any value.
func (c *cursor) value() error {
	if c.at >= len(c.b) {
		return c.fault("it ends too early")
	}
	switch x := c.b[c.at]; {
	case x == '"':
		_, err := c.text()
		return err
	case x == '{':
		c.at++
		return c.list('}', func() error { _, _, err := c.member(); return err })
	case x == '[':
		c.at++
		return c.list(']', c.value)
	case x == '-' || x >= '0' && x <= '9':
		return c.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if len(c.b)-c.at >= len(word) && string(c.b[c.at:c.at+len(word)]) == word {
			c.at += len(word)
			return nil
		}
	}
	return c.fault("a value is missing")
}

func (c *cursor) digits() bool {
	from := c.at
	for c.at < len(c.b) && c.b[c.at] >= '0' && c.b[c.at] <= '9' {
		c.at++
	}
	return c.at > from
}

func (c *cursor) number() error {
	c.take('-')
	if !c.take('0') && !c.digits() {
		return c.fault("a number needs digits")
	}
	if c.take('.') && !c.digits() {
		return c.fault("a number needs digits behind its point")
	}
	if c.take('e') || c.take('E') {
		if !c.take('+') {
			c.take('-')
		}
		if !c.digits() {
			return c.fault("an exponent needs digits")
		}
	}
	return nil
}

// text reads a string. Surrogates without a partner become U+FFFD; the bytes are known to be UTF-8.
func (c *cursor) text() (string, error) {
	if !c.take('"') {
		return "", c.fault("a string is needed")
	}
	var out []byte
	for c.at < len(c.b) {
		x := c.b[c.at]
		c.at++
		switch {
		case x == '"':
			return string(out), nil
		case x < 0x20:
			return "", c.fault("a string holds a control character")
		case x != '\\':
			out = append(out, x)
			continue
		}
		if c.at >= len(c.b) {
			break
		}
		x = c.b[c.at]
		c.at++
		if plain, ok := escapes[x]; ok {
			out = append(out, plain)
			continue
		}
		r, ok := c.hex4()
		if x != 'u' || !ok {
			return "", c.fault("a string holds an unknown escape")
		}
		if utf16.IsSurrogate(r) {
			before := c.at
			low, ok := rune(0), false
			if c.take('\\') && c.take('u') {
				low, ok = c.hex4()
			}
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				r, c.at = utf8.RuneError, before
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return "", c.fault("a string does not end")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (c *cursor) hex4() (rune, bool) {
	if c.at+4 > len(c.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.b[c.at:c.at+4]), 16, 16)
	if err != nil || c.b[c.at] == '+' || c.b[c.at] == '_' {
		return 0, false
	}
	c.at += 4
	return rune(n), true
}

// The values that meta.json holds.

func asString(j JSON) (string, error) {
	c := cursor{b: j}
	return c.text()
}

func asInt(j JSON) (int, error) {
	n, err := strconv.ParseInt(string(j), 10, 64)
	if err != nil || int64(int(n)) != n {
		return 0, fmt.Errorf("%.40s is no whole number of this range", j)
	}
	return int(n), nil
}

func asIs(j JSON) (JSON, error) { return slices.Clone(j), nil }

func asFloat(j JSON) (float64, error) { return floating(j, 64) }

func asFloat32(j JSON) (float32, error) {
	x, err := floating(j, 32)
	return float32(x), err
}

func floating(j JSON, bits int) (float64, error) {
	x, err := strconv.ParseFloat(string(j), bits)
	if err != nil || j[0] != '-' && (j[0] < '0' || j[0] > '9') {
		return 0, fmt.Errorf("%.40s is no number of this range", j)
	}
	return x, nil
}

func asFloats32(j JSON) ([]float32, error) {
	c := cursor{b: j}
	if !c.take('[') {
		return nil, c.fault("a list is needed")
	}
	out := []float32{}
	err := c.list(']', func() error {
		from := c.at
		if err := c.number(); err != nil {
			return err
		}
		x, err := asFloat32(JSON(j[from:c.at]))
		out = append(out, x)
		return err
	})
	return out, err
}

func asBool(j JSON) (bool, error) {
	if string(j) != "true" && string(j) != "false" {
		return false, fmt.Errorf("%.40s is neither true nor false", j)
	}
	return string(j) == "true", nil
}

func asStrings(j JSON) ([]string, error) {
	c := cursor{b: j}
	if !c.take('[') {
		return nil, c.fault("a list is needed")
	}
	out := []string{}
	err := c.list(']', func() error {
		s, err := c.text()
		out = append(out, s)
		return err
	})
	return out, err
}

// quote appends a JSON string. U+2028 and U+2029 are escaped: older JavaScript takes them for line ends.
func quote(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // what is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r < 0x20 || r == 0x2028 || r == 0x2029:
			dst = append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// compact appends a valid JSON text without the white space between its parts.
func compact(dst []byte, j JSON) []byte {
	quoted := false
	for i := 0; i < len(j); i++ {
		x := j[i]
		if !quoted && (x == ' ' || x == '\t' || x == '\n' || x == '\r') {
			continue
		}
		dst = append(dst, x)
		if x == '"' {
			quoted = !quoted
		} else if quoted && x == '\\' && i+1 < len(j) {
			i++
			dst = append(dst, j[i])
		}
	}
	return dst
}

// float appends a number as encoding/json does.
func float(dst []byte, x float64, bits int) []byte {
	abs := max(x, -x)
	format := byte('f')
	if abs != 0 && (abs < 1e-6 || abs >= 1e21 || bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, x, format, -1, bits)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
