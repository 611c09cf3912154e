// Package digest names bytes by their SHA-256. It promises that a parsed digest is 64 lower-case hex
// digits and nothing else, so that paths, keys and URLs may be built from it. It reads no files.
package digest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Digest is a SHA-256 in 64 lower-case hex digits.
type Digest struct{ hex string }

// ErrMalformed: the text is no digest.
var ErrMalformed = errors.New("store: not a SHA-256")

// Parse reads 64 hex digits.
func Parse(s string) (Digest, error) {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return Digest{}, fmt.Errorf("%w: %.80q", ErrMalformed, s)
	}
	return Digest{s}, nil
}

// Of is the digest that a hash gave.
func Of(sum [32]byte) Digest { return Digest{hex.EncodeToString(sum[:])} }

func (d Digest) String() string { return d.hex }
