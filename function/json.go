package function

import "strings"

// jsonText follows a text byte by byte and tells whether it can still become one JSON value (RFC 8259). The zero
// value stands before the text.
type jsonText struct {
	open    string // the brackets that are open, outermost first
	at      place
	literal string // what is missing of true, false or null
	hex     int    // digits that are missing of \uXXXX
	key     bool   // the string is a member's name
	white   int    // white space in a row
}

// place is what the text has come to.
type place byte

const (
	atValue   place = iota // a value must come
	atElement              // behind [: a value or ]
	atName                 // behind a comma in an object: a name
	atMember               // behind {: a name or }
	atColon
	atEnd // behind a value: a comma, the closing bracket, or nothing
	inString
	inEscape
	inHex
	inLiteral
	inMinus // of a number: behind -
	inZero
	inInteger
	inPoint // behind the point, which wants a digit
	inFraction
	inExponent // behind e
	inSign     // behind e+ or e-
	inPower
)

const (
	jsonDepth = 32 // brackets in one another
	jsonWhite = 32 // white space in a row: an interpreter that would write nothing else is stopped
)

// whole tells whether the text is a JSON value as it stands.
func (j *jsonText) whole() bool {
	switch j.at {
	case atEnd, inZero, inInteger, inFraction, inPower:
		return j.open == ""
	}
	return false
}

// closed tells whether the text is whole and nothing but white space can follow.
func (j *jsonText) closed() bool { return j.at == atEnd && j.open == "" }

func (j *jsonText) feed(text []byte) (format, bool) {
	after := *j
	for _, c := range text {
		if !after.next(c) {
			return nil, false
		}
	}
	return &after, len(text) > 0
}

func (*jsonText) answer(text string) string { return strings.TrimSpace(text) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (j *jsonText) next(c byte) bool {
	if j.at >= inMinus {
		if ok, ended := j.number(c); !ended {
			return ok
		}
		j.at = atEnd // c is behind the number
	}
	if j.at <= atEnd && (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
		j.white++
		return j.white <= jsonWhite
	}
	j.white = 0
	switch j.at {
	case atValue, atElement:
		if c == ']' && j.at == atElement {
			return j.pop()
		}
		return j.value(c)
	case atMember, atName:
		if c == '}' && j.at == atMember {
			return j.pop()
		}
		j.at, j.key = inString, true
		return c == '"'
	case atColon:
		j.at = atValue
		return c == ':'
	case atEnd:
		return j.end(c)
	case inLiteral:
		if c != j.literal[0] {
			return false
		}
		if j.literal = j.literal[1:]; j.literal == "" {
			j.at = atEnd
		}
		return true
	}
	return j.quoted(c)
}

// quoted goes on with a string.
func (j *jsonText) quoted(c byte) bool {
	switch j.at {
	case inString:
		switch {
		case c == '\\':
			j.at = inEscape
		case c == '"' && j.key:
			j.at = atColon
		case c == '"':
			j.at = atEnd
		}
		return c >= 0x20
	case inEscape:
		j.at = inString
		if c == 'u' {
			j.at, j.hex = inHex, 4
		}
		return strings.IndexByte(`"\/bfnrtu`, c) >= 0
	}
	if j.hex--; j.hex == 0 { // of \uXXXX
		j.at = inString
	}
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// value begins one.
func (j *jsonText) value(c byte) bool {
	switch {
	case c == '{':
		j.at = atMember
		return j.push('{')
	case c == '[':
		j.at = atElement
		return j.push('[')
	case c == '"':
		j.at, j.key = inString, false
	case c == '-':
		j.at = inMinus
	case c == '0':
		j.at = inZero
	case isDigit(c):
		j.at = inInteger
	case c == 't':
		j.at, j.literal = inLiteral, "rue"
	case c == 'f':
		j.at, j.literal = inLiteral, "alse"
	case c == 'n':
		j.at, j.literal = inLiteral, "ull"
	default:
		return false
	}
	return true
}

func (j *jsonText) push(bracket byte) bool {
	j.open += string(rune(bracket))
	return len(j.open) <= jsonDepth
}

func (j *jsonText) pop() bool {
	j.open, j.at = j.open[:len(j.open)-1], atEnd
	return true
}

// end is what may stand behind a value.
func (j *jsonText) end(c byte) bool {
	if j.open == "" {
		return false
	}
	inObject := j.open[len(j.open)-1] == '{'
	switch {
	case c == ',' && inObject:
		j.at = atName
	case c == ',':
		j.at = atValue
	case c == '}' && inObject, c == ']' && !inObject:
		return j.pop()
	default:
		return false
	}
	return true
}

// number goes on with one; ended says that c is behind it.
func (j *jsonText) number(c byte) (ok, ended bool) {
	digit, point, e := isDigit(c), c == '.', c|0x20 == 'e'
	switch j.at {
	case inMinus:
		j.at = inInteger
		if c == '0' {
			j.at = inZero
		}
		return digit, false
	case inZero, inInteger:
		switch {
		case digit:
			return j.at == inInteger, false
		case point:
			j.at = inPoint
			return true, false
		}
	case inPoint:
		j.at = inFraction
		return digit, false
	case inExponent:
		j.at = inPower
		if c == '+' || c == '-' {
			j.at = inSign
			return true, false
		}
		return digit, false
	case inSign:
		j.at = inPower
		return digit, false
	}
	if digit { // in a fraction or a power
		return true, false
	}
	if e && j.at != inPower {
		j.at = inExponent
		return true, false
	}
	return false, true
}

// rest is the shortest text that makes it a whole value: what is missing when decoding has to end.
func (j *jsonText) rest() string {
	s := ""
	switch j.at {
	case atValue, atElement:
		if j.at == atValue {
			s = "null"
		}
	case atName:
		s = `"":null`
	case atColon:
		s = ":null"
	case inEscape:
		s = `\"`
	case inHex:
		s = "0000"[:j.hex] + `"`
	case inString:
		s = `"`
	case inLiteral:
		s = j.literal
	case inMinus, inPoint, inExponent, inSign:
		s = "0"
	}
	if j.key && (j.at == inString || j.at == inEscape || j.at == inHex) {
		s += ":null"
	}
	for i := len(j.open) - 1; i >= 0; i-- {
		s += string(rune(j.open[i] + 2)) // ] and } stand two behind [ and {
	}
	return s
}
