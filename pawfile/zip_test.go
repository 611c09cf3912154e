package pawfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// TestHostileArchives: every way of lying about where members are and what they hold.
func TestHostileArchives(t *testing.T) {
	good := encode(t, sample())
	le := binary.LittleEndian
	end := len(good) - endLength
	entry := int(le.Uint32(good[end+16:])) // meta.json comes first
	header := int(le.Uint32(good[entry+42:]))
	for name, damage := range map[string]func(b []byte) []byte{
		"bytes behind the archive":          func(b []byte) []byte { return append(b, 0) },
		"bytes before the archive":          func(b []byte) []byte { return append([]byte{0}, b...) },
		"a second disk":                     func(b []byte) []byte { b[end+4] = 1; return b },
		"fewer members on this disk":        func(b []byte) []byte { b[end+8]--; return b },
		"one member less than there is":     func(b []byte) []byte { b[end+8]--; b[end+10]--; return b },
		"one member more than there is":     func(b []byte) []byte { b[end+8]++; b[end+10]++; return b },
		"a directory that is longer":        func(b []byte) []byte { b[end+12]++; return b },
		"a directory that starts elsewhere": func(b []byte) []byte { b[end+16]++; b[end+12]--; return b },
		"a directory entry without mark":    func(b []byte) []byte { b[entry]++; return b },
		"texts beyond the directory":        func(b []byte) []byte { le.PutUint16(b[entry+30:], 0xffff); return b },
		"a member's header without mark":    func(b []byte) []byte { b[header]++; return b },
		"another name in the header":        func(b []byte) []byte { b[header+headerLength]++; return b },
		"a header behind the members":       func(b []byte) []byte { le.PutUint32(b[entry+42:], uint32(entry)); return b },
		"a header outside the file":         func(b []byte) []byte { le.PutUint32(b[entry+42:], 0xffffffff); return b },
		"content beyond the members":        func(b []byte) []byte { le.PutUint32(b[entry+20:], 0xfffffff0); return b },
		"another size":                      func(b []byte) []byte { b[entry+24]++; return b },
		"another checksum":                  func(b []byte) []byte { b[entry+16]++; return b },
		"another byte in the content":       func(b []byte) []byte { b[header+headerLength+len(memberMeta)+9] ^= 1; return b },
		"a comment that is cut":             func(b []byte) []byte { b[end+20] = 3; return append(b, "no"...) },
	} {
		var e *Error
		if _, err := read(damage(bytes.Clone(good))); !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	comment := bytes.Clone(good)
	comment[end+20] = 2
	if _, err := read(append(comment, "no"...)); err != nil {
		t.Errorf("a comment: %v", err)
	}
}
