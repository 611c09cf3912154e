//go:build !js

package pawfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// ID is the id of the program that a compiler makes of a spec for a base: the first 20 hex digits of
// SHA-256 over "paw-program-1" and the three texts, each preceded by its length as 8 bytes, little
// endian. Visibility, time and name are no part of it.
func ID(spec, compilerSnapshot, baseSHA256 string) string {
	h := sha256.New()
	for _, s := range []string{"paw-program-1", spec, compilerSnapshot, baseSHA256} {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))[:20]
}
