package pawfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

func sample() *Program {
	space := " "
	return &Program{
		Meta: Meta{
			Version: 4, ProgramID: "0123456789abcdef0123", Spec: "Is it <urgent> & bad? Return ONLY one of: urgent, wait", Interpreter: "paw-mini-1",
			CompilerSnapshot: "test-1", CompilerKind: "finetune_lora", RuntimeID: "paw-mini-1", LoraRank: 32, LoraAlpha: 16,
			BaseSHA256: strings.Repeat("ab", 32), Labels: []string{"urgent", "wait"}, TargetPrefix: &space,
			Calibration: &Calibration{Temperature: 1.5}, Report: JSON(`{"n":3}`),
		},
		Template:      "[PSEUDO_PROGRAM]\nTask: x\n[END_PSEUDO_PROGRAM]\n\n[INPUT]\n" + Placeholder + "\n[END_INPUT]",
		PseudoProgram: "[PSEUDO_PROGRAM]\nTask: x\n[END_PSEUDO_PROGRAM]",
		Adapter:       append([]byte("GGUF"), bytes.Repeat([]byte{1, 2, 3}, 400)...),
	}
}

func encode(t testing.TB, p *Program) []byte {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(b []byte) (*Program, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestRoundTrip(t *testing.T) {
	p := sample()
	b := encode(t, p)
	got, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Meta.Text() != string(p.Meta.JSON()) {
		t.Errorf("meta.json is %s, written %s", got.Meta.Text(), p.Meta.JSON())
	}
	got.Meta.extra, got.Meta.text = nil, nil
	if !reflect.DeepEqual(p, got) {
		t.Errorf("read %+v, wrote %+v", got, p)
	}
	if !bytes.Equal(b, encode(t, got)) {
		t.Error("the same program gave other bytes")
	}
	if got.Prefix()+Placeholder+got.Suffix() != p.Template {
		t.Errorf("prefix %q, suffix %q", got.Prefix(), got.Suffix())
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "sample.paw")
	b := encode(t, sample())
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, want) {
		t.Errorf("the bytes of a program changed (%d, were %d): readers and digests depend on them", len(b), len(want))
	}
}

func TestID(t *testing.T) {
	// computed independently from the documented encoding
	if got := ID("spec", "snapshot", strings.Repeat("0", 64)); got != "1e66289c95d5fac7d414" {
		t.Errorf("id %q: programs made earlier would not be found any more", got)
	}
	if ID("ab", "c", "d") == ID("a", "bc", "d") || ID("a", "b", "") == ID("a", "", "b") {
		t.Error("two requests share an id")
	}
}

func TestUnknownKeysSurvive(t *testing.T) {
	m := `{"program_id":"0123456789abcdef0123","spec":"x","interpreter":"gpt2","zeta":{"a":[1,2.50]},"alpha_key":"é"}`
	b := archive(t, member{memberMeta, m}, member{memberTemplate, Placeholder}, member{memberAdapter, string(sample().Adapter)})
	p, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err = read(encode(t, p))
	if err != nil {
		t.Fatal(err)
	}
	out := p.Meta.JSON()
	for _, want := range []string{`"zeta":{"a":[1,2.50]}`, `"alpha_key":"é"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("meta.json %s lost %s", out, want)
		}
	}
}

// A format and its pattern come back as they were, those of a later version too.
func TestOutputFormats(t *testing.T) {
	for _, want := range [][2]string{{"", ""}, {"json", ""}, {"regexp", `^\d+ "é"$`}, {"grammar-of-tomorrow", ""}, {"grammar-of-tomorrow", "x"}} {
		p := sample()
		p.Meta.OutputFormat, p.Meta.OutputPattern = want[0], want[1]
		p, err := read(encode(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{p.Meta.OutputFormat, p.Meta.OutputPattern}; got != want {
			t.Errorf("%q came back as %q", want, got)
		}
	}
}

type member struct{ name, data string }

func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func special(t *testing.T, set func(h *zip.FileHeader)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(99, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 1) })
	h := &zip.FileHeader{Name: memberTemplate, Method: zip.Deflate}
	set(h)
	w, err := z.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(h.Name, "/") {
		io.WriteString(w, Placeholder)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMalformedArchives(t *testing.T) {
	good := sample()
	meta := good.Meta.JSON()
	m, tpl, ad := member{memberMeta, string(meta)}, member{memberTemplate, good.Template}, member{memberAdapter, string(good.Adapter)}
	withMeta := func(s string) []byte { return archive(t, member{memberMeta, s}, tpl, ad) }
	whole := encode(t, good)
	for name, c := range map[string]struct {
		b  []byte
		is error
	}{
		"empty":                  {nil, ErrArchive},
		"no zip":                 {[]byte("hello, I am no archive at all"), ErrArchive},
		"truncated":              {whole[:len(whole)-30], ErrArchive},
		"no meta":                {archive(t, tpl, ad), ErrArchive},
		"no template":            {archive(t, m, ad), ErrArchive},
		"no adapter":             {archive(t, m, tpl), ErrArchive},
		"duplicate member":       {archive(t, m, tpl, ad, tpl), ErrMember},
		"duplicate meta":         {archive(t, m, m, tpl, ad), ErrMember},
		"traversal":              {archive(t, m, tpl, ad, member{"../evil", "x"}), ErrMember},
		"absolute path":          {archive(t, m, tpl, ad, member{"/etc/passwd", "x"}), ErrMember},
		"backslash":              {archive(t, m, tpl, ad, member{`..\evil`, "x"}), ErrMember},
		"other case":             {archive(t, m, tpl, ad, member{"META.JSON", "{}"}), ErrMember},
		"stranger":               {archive(t, m, tpl, ad, member{"notes.txt", "x"}), ErrMember},
		"five members":           {archive(t, m, tpl, ad, member{memberPseudo, "x"}, member{"x", "x"}), ErrMember},
		"directory":              {special(t, func(h *zip.FileHeader) { h.Name += "/" }), ErrMember},
		"symbolic link":          {special(t, func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }), ErrMember},
		"device":                 {special(t, func(h *zip.FileHeader) { h.SetMode(fs.ModeDevice) }), ErrMember},
		"unknown compression":    {special(t, func(h *zip.FileHeader) { h.Method = 99 }), ErrMember},
		"encrypted":              {special(t, func(h *zip.FileHeader) { h.Flags |= 1 }), ErrMember},
		"no placeholder":         {archive(t, m, member{memberTemplate, "x"}, ad), ErrTemplate},
		"two placeholders":       {archive(t, m, member{memberTemplate, Placeholder + Placeholder}, ad), ErrTemplate},
		"template no UTF-8":      {archive(t, m, member{memberTemplate, Placeholder + "\xff"}, ad), ErrTemplate},
		"adapter short":          {archive(t, m, tpl, member{memberAdapter, "GGUF"}), ErrAdapter},
		"adapter no GGUF":        {archive(t, m, tpl, member{memberAdapter, strings.Repeat("x", 2000)}), ErrAdapter},
		"meta no JSON":           {withMeta("{"), ErrMeta},
		"meta no object":         {withMeta("[]"), ErrMeta},
		"meta no UTF-8":          {withMeta("{\"spec\":\"\xff\"}"), ErrMeta},
		"meta nested deep":       {withMeta(strings.Repeat("[", 1000)), ErrMeta},
		"meta hides brackets":    {withMeta(`{"a":"` + strings.Repeat("[", 1000) + `"}`), ErrProgramID},
		"no id":                  {withMeta(`{}`), ErrProgramID},
		"id with a path":         {withMeta(`{"program_id":"../../../etc/passwd00"}`), ErrProgramID},
		"id upper case":          {withMeta(`{"program_id":"0123456789ABCDEF"}`), ErrProgramID},
		"digest":                 {withMeta(`{"program_id":"0123456789abcdef","base_sha256":"x"}`), ErrMeta},
		"empty label":            {withMeta(`{"program_id":"0123456789abcdef","labels":["a",""]}`), ErrMeta},
		"label twice":            {withMeta(`{"program_id":"0123456789abcdef","labels":["a","a"]}`), ErrMeta},
		"long label":             {withMeta(`{"program_id":"0123456789abcdef","labels":["` + strings.Repeat("a", 2000) + `"]}`), ErrMeta},
		"negative temperature":   {withMeta(`{"program_id":"0123456789abcdef","calibration":{"temperature":-1}}`), ErrMeta},
		"long pattern":           {withMeta(`{"program_id":"0123456789abcdef","output_format":"regexp","output_pattern":"` + strings.Repeat("a", 2000) + `"}`), ErrMeta},
		"regexp, no pattern":     {withMeta(`{"program_id":"0123456789abcdef","output_format":"regexp"}`), ErrMeta},
		"long target prefix":     {withMeta(`{"program_id":"0123456789abcdef","target_prefix":"` + strings.Repeat("a", 65) + `"}`), ErrMeta},
		"pattern, no format":     {withMeta(`{"program_id":"0123456789abcdef","output_pattern":"a"}`), ErrMeta},
		"pattern of JSON":        {withMeta(`{"program_id":"0123456789abcdef","output_format":"json","output_pattern":"a"}`), ErrMeta},
		"template beyond limits": {archive(t, m, member{memberTemplate, Placeholder + strings.Repeat(" ", maxText)}, ad), ErrTooLarge},
		"meta beyond limits":     {withMeta(`{"a":"` + strings.Repeat(" ", maxMeta) + `"}`), ErrTooLarge},
	} {
		p, err := read(c.b)
		var typed *Error
		if !errors.Is(err, c.is) || !errors.As(err, &typed) || typed.Hint == "" {
			t.Errorf("%s: %v, %v; want %v with a hint", name, p != nil, err, c.is)
		}
	}
}

// A bit flipped anywhere gives an error or a program that is whole; the zip's checksums find all but
// those in dead bytes.
func TestFlippedBits(t *testing.T) {
	good := encode(t, sample())
	want, err := read(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		p, err := read(b)
		if err == nil && (p.Template != want.Template || !bytes.Equal(p.Adapter, want.Adapter) || p.Meta.ProgramID != want.Meta.ProgramID) {
			t.Fatalf("byte %d: a flipped bit changed the program unnoticed", i)
		}
	}
}

// A bomb is counted while it expands; its stated sizes are not believed, and memory stays bounded.
func TestBombs(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(memberAdapter)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 200 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := read(b.Bytes()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb of 200 MB in %d KB: %v", b.Len()>>10, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4*MaxArchive+1<<24 {
		t.Errorf("the bomb cost %d MB of memory", used>>20)
	}
	if _, err := Read(bytes.NewReader(nil), MaxArchive+1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an archive beyond the limit: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(dir); err == nil {
		t.Error("a directory was read as a program")
	}
	if _, err := ReadFile(filepath.Join(dir, "none.paw")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	path := filepath.Join(dir, "x.paw")
	if err := os.WriteFile(path, encode(t, sample()), 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadFile(path); err != nil || p.Meta.RuntimeID != "paw-mini-1" {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(archive(f, member{memberMeta, `{"program_id":"0123456789abcdef"}`}, member{memberTemplate, Placeholder}, member{memberAdapter, "GGUF" + strings.Repeat("x", 1020)}))
	f.Add(archive(f, member{"../x", "y"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := read(b)
		if err != nil {
			return
		}
		sameAsArchiveZip(t, b, p)
		again, err := read(encode(t, p))
		if err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		if fmt.Sprint(again.Template, again.Meta.ProgramID, len(again.Adapter)) != fmt.Sprint(p.Template, p.Meta.ProgramID, len(p.Adapter)) {
			t.Fatal("a round trip changed the program")
		}
	})
}

// sameAsArchiveZip: what our reader accepts, archive/zip reads as the same members.
func sameAsArchiveZip(t *testing.T, b []byte, p *Program) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("archive/zip refuses what was read: %v", err)
	}
	have := map[string]string{memberTemplate: p.Template, memberPseudo: p.PseudoProgram, memberAdapter: string(p.Adapter)}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatalf("archive/zip refuses %s: %v", f.Name, err)
		}
		data, err := io.ReadAll(r)
		if err != nil || f.Name != memberMeta && string(data) != have[f.Name] {
			t.Fatalf("archive/zip reads %s otherwise (%v)", f.Name, err)
		}
	}
}
