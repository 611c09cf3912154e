package finetune

import (
	"bytes"
	"testing"

	"paw/gguf"
)

func TestAdapterFileRoundTrip(t *testing.T) {
	for _, rank := range []int{32, 64} {
		a := randomAdapter(tiny, rank)
		data, err := a.GGUF(tiny)
		if err != nil {
			t.Fatal(err)
		}
		again, err := a.GGUF(tiny)
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("two writes differ (%v)", err)
		}
		read, err := ReadAdapter(bytes.NewReader(data), int64(len(data)), tiny)
		if err != nil {
			t.Fatal(err)
		}
		rounded, err := a.Rounded()
		if err != nil {
			t.Fatal(err)
		}
		if read.Rank != rank || read.Alpha != 16 || distance(read, rounded) != 0 {
			t.Errorf("rank %d: what was read is not what was written", rank)
		}
		if d := distance(rounded, a); d > 0.15 {
			t.Errorf("rank %d: rounding moved the adapter by %.2g of its size", rank, d)
		}
	}
}

// A zero adapter is a valid file and changes nothing.
func TestZeroAdapter(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	data, err := NewAdapter(tiny, 32, 16).GGUF(tiny)
	if err != nil {
		t.Fatal(err)
	}
	zero, err := ReadAdapter(bytes.NewReader(data), int64(len(data)), tiny)
	if err != nil {
		t.Fatal(err)
	}
	groups := randomGroups(tiny)
	if with, without := loss(t, m, groups, zero), loss(t, m, groups, nil); with != without {
		t.Errorf("loss %.6f with a zero adapter, %.6f without", with, without)
	}
}
