package pawfile

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A reader of the ZIP archives that programs are: one disk, no ZIP64, nothing before or after the archive,
// and a member's two headers name it alike. archive/zip would do the same, and brings the compressor into the
// browser's module, which is near its limit; a fuzz test holds the two against each other.

const (
	endLength       = 22 // of the end record without a comment
	directoryLength = 46 // of a directory entry without its texts
	headerLength    = 30 // of a member's own header without its texts

	endMark       = 0x06054b50
	directoryMark = 0x02014b50
	headerMark    = 0x04034b50

	methodStore   = 0
	methodDeflate = 8
)

var (
	errZip      = errors.New("not a zip archive")
	errTornZip  = errors.New("the zip archive is damaged")
	errChecksum = errors.New("the checksum is wrong")
)

// zipped is a member as the directory describes it.
type zipped struct {
	name      string
	method    uint16
	encrypted bool
	regular   bool // a plain file
	checksum  uint32
	packed    int64 // bytes in the archive
	size      int64 // bytes when unpacked, as stated
	header    int64 // where its own header starts
	end       int64 // where the directory starts: members lie before it
}

// directory reads the entries at the archive's end.
func directory(r io.ReaderAt, size int64) ([]zipped, error) {
	tail := make([]byte, min(size, endLength+0xffff))
	if _, err := io.ReadFull(io.NewSectionReader(r, size-int64(len(tail)), int64(len(tail))), tail); err != nil {
		return nil, err
	}
	at := len(tail) - endLength
	le := binary.LittleEndian
	// A comment may hold what looks like the end record; the right one's comment ends with the file.
	for ; at >= 0; at-- {
		if le.Uint32(tail[at:]) == endMark && int(le.Uint16(tail[at+20:])) == len(tail)-at-endLength {
			break
		}
	}
	if at < 0 {
		return nil, errZip
	}
	end := tail[at:]
	count, length, start := int(le.Uint16(end[10:])), int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if le.Uint32(end[4:]) != 0 || int(le.Uint16(end[8:])) != count || start+length != size-int64(len(end)) {
		return nil, errTornZip
	}
	if count > len(limits) {
		return nil, fail("", ErrMember, "%d members, at most %d are possible", count, len(limits))
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, start, length), b); err != nil {
		return nil, err
	}
	out := make([]zipped, 0, count)
	for range count {
		if len(b) < directoryLength || le.Uint32(b) != directoryMark {
			return nil, errTornZip
		}
		texts := int(le.Uint16(b[28:])) + int(le.Uint16(b[30:])) + int(le.Uint16(b[32:]))
		if len(b) < directoryLength+texts {
			return nil, errTornZip
		}
		out = append(out, zipped{
			name:      string(b[directoryLength : directoryLength+int(le.Uint16(b[28:]))]),
			method:    le.Uint16(b[10:]),
			encrypted: le.Uint16(b[8:])&1 != 0,
			regular:   plainFile(b[5], le.Uint32(b[38:])),
			checksum:  le.Uint32(b[16:]),
			packed:    int64(le.Uint32(b[20:])),
			size:      int64(le.Uint32(b[24:])),
			header:    int64(le.Uint32(b[42:])),
			end:       start,
		})
		b = b[directoryLength+texts:]
	}
	if len(b) > 0 {
		return nil, errTornZip
	}
	return out, nil
}

// plainFile reads a member's attributes, which mean what the system that wrote them says.
func plainFile(system byte, attributes uint32) bool {
	const unix, mac = 3, 19
	if system == unix || system == mac {
		kind := attributes >> 16 & 0xf000
		return kind == 0x8000 || kind == 0
	}
	return attributes&0x10 == 0 // a directory of DOS
}

// open is the member's content, unpacked but not yet checked.
func (f zipped) open(r io.ReaderAt) (io.Reader, error) {
	if f.header+headerLength > f.end {
		return nil, errTornZip
	}
	var h [headerLength]byte
	if _, err := r.ReadAt(h[:], f.header); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	name := make([]byte, le.Uint16(h[26:]))
	at := f.header + headerLength + int64(len(name)) + int64(le.Uint16(h[28:]))
	if le.Uint32(h[:]) != headerMark || at+f.packed > f.end || f.method == methodStore && f.packed != f.size {
		return nil, errTornZip
	}
	if _, err := r.ReadAt(name, f.header+headerLength); err != nil {
		return nil, err
	}
	if string(name) != f.name {
		return nil, fmt.Errorf("the archive names it %.80q elsewhere", name)
	}
	packed := io.NewSectionReader(r, at, f.packed)
	if f.method == methodDeflate {
		return flate.NewReader(packed), nil
	}
	return packed, nil
}

// whole checks content that was read to its end.
func (f zipped) whole(content []byte) error {
	switch {
	case int64(len(content)) != f.size:
		return fmt.Errorf("%d bytes, %d are announced", len(content), f.size)
	case crc32.ChecksumIEEE(content) != f.checksum:
		return errChecksum
	}
	return nil
}
