package pawfile

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Meta is meta.json: the official keys, then ours, which other readers ignore. The tags are for those who
// show a Meta; the file itself is read and written below.
type Meta struct {
	Version                int     `json:"version,omitempty"` // 3 or 4
	ProgramID              string  `json:"program_id"`
	Spec                   string  `json:"spec"`
	Examples               JSON    `json:"examples,omitempty"`
	Interpreter            string  `json:"interpreter"`
	CompilerSnapshot       string  `json:"compiler_snapshot,omitempty"`
	CompilerFingerprint    string  `json:"compiler_fingerprint,omitempty"`
	CompilerKind           string  `json:"compiler_kind,omitempty"` // mapper_lora or finetune_lora
	PseudoProgramStrategy  string  `json:"pseudo_program_strategy,omitempty"`
	RuntimeID              string  `json:"runtime_id,omitempty"`
	RuntimeManifestVersion int     `json:"runtime_manifest_version,omitempty"`
	Runtime                JSON    `json:"runtime,omitempty"` // the runtime manifest
	LoraRank               int     `json:"lora_rank,omitempty"`
	LoraAlpha              float64 `json:"lora_alpha,omitempty"`
	PrefixSteps            int     `json:"prefix_steps,omitempty"`
	CreatedAt              string  `json:"created_at,omitempty"`

	BaseSHA256     string       `json:"base_sha256,omitempty"` // of the interpreter's file
	Labels         []string     `json:"labels,omitempty"`
	LabelsInferred bool         `json:"labels_inferred,omitempty"`
	TargetPrefix   *string      `json:"target_prefix,omitempty"`  // what training put before every answer
	OutputFormat   string       `json:"output_format,omitempty"`  // FormatJSON, FormatRegexp, or "" for any text
	OutputPattern  string       `json:"output_pattern,omitempty"` // of FormatRegexp: what answers match (package pattern)
	Calibration    *Calibration `json:"calibration,omitempty"`
	Report         JSON         `json:"report,omitempty"`
	Warnings       []string     `json:"warnings,omitempty"` // what the spec's writer may want to mend

	extra []entry // keys that this version does not know
	text  []byte  // what was read
}

// Calibration of label probabilities.
type Calibration struct {
	Temperature float32   `json:"temperature"`       // divides log-probabilities; fitted on held-out answers, or the compiler's usual one; 0: none
	Weights     []float32 `json:"weights,omitempty"` // of the labels, in their order: probabilities are multiplied by them and divided by their sum
}

// Output formats. Others are not known and bind nobody.
const (
	FormatJSON   = "json"   // answers are JSON values
	FormatRegexp = "regexp" // answers match Meta.OutputPattern
)

// Limits of what meta.json may hold.
const (
	maxLabels  = 4096
	maxLabel   = 1024
	maxPrefix  = 64   // bytes of target_prefix, which stands before every label
	maxPattern = 1024 // bytes; package pattern, which reads it, takes fewer
	maxDepth   = 64
)

func (m *Meta) check() error {
	if d := m.BaseSHA256; d != "" && (len(d) != 64 || !ValidID(d)) {
		return fail(memberMeta, ErrMeta, "base_sha256 %.80q is no SHA-256", d)
	}
	if len(m.Labels) > maxLabels {
		return fail(memberMeta, ErrMeta, "%d labels, at most %d are possible", len(m.Labels), maxLabels)
	}
	seen := map[string]bool{}
	for _, l := range m.Labels {
		if l == "" || len(l) > maxLabel || seen[l] {
			return fail(memberMeta, ErrMeta, "label %.40q is empty, too long or listed twice", l)
		}
		seen[l] = true
	}
	if p := m.TargetPrefix; p != nil && len(*p) > maxPrefix {
		return fail(memberMeta, ErrMeta, "target_prefix has %d bytes, at most %d are possible", len(*p), maxPrefix)
	}
	if n := len(m.OutputPattern); n > maxPattern {
		return fail(memberMeta, ErrMeta, "output_pattern has %d bytes, at most %d are possible", n, maxPattern)
	}
	switch m.OutputFormat {
	case "", FormatJSON:
		if m.OutputPattern != "" {
			return fail(memberMeta, ErrMeta, "output_pattern needs the output_format %q", FormatRegexp)
		}
	case FormatRegexp:
		if m.OutputPattern == "" {
			return fail(memberMeta, ErrMeta, "the output_format %q needs an output_pattern", FormatRegexp)
		}
	}
	if c := m.Calibration; c != nil {
		if !(c.Temperature >= 0 && c.Temperature < 1e4) {
			return fail(memberMeta, ErrMeta, "temperature %v: a positive number is needed", c.Temperature)
		}
		if len(c.Weights) != 0 && len(c.Weights) != len(m.Labels) {
			return fail(memberMeta, ErrMeta, "%d weights for %d labels", len(c.Weights), len(m.Labels))
		}
		for _, w := range c.Weights {
			if !(w > 1e-6 && w < 1e6) {
				return fail(memberMeta, ErrMeta, "weight %v: a number between 1e-6 and 1e6 is needed", w)
			}
		}
	}
	if math.IsNaN(m.LoraAlpha) || math.IsInf(m.LoraAlpha, 0) {
		return fail(memberMeta, ErrMeta, "lora_alpha is no number")
	}
	return nil
}

// reader reads the value of a known key.
type reader struct {
	key  string
	read func(*Meta, JSON) error
}

var readers = []reader{
	{"version", into(asInt, func(m *Meta) *int { return &m.Version })},
	{"program_id", into(asString, func(m *Meta) *string { return &m.ProgramID })},
	{"spec", into(asString, func(m *Meta) *string { return &m.Spec })},
	{"examples", into(asIs, func(m *Meta) *JSON { return &m.Examples })},
	{"interpreter", into(asString, func(m *Meta) *string { return &m.Interpreter })},
	{"compiler_snapshot", into(asString, func(m *Meta) *string { return &m.CompilerSnapshot })},
	{"compiler_fingerprint", into(asString, func(m *Meta) *string { return &m.CompilerFingerprint })},
	{"compiler_kind", into(asString, func(m *Meta) *string { return &m.CompilerKind })},
	{"pseudo_program_strategy", into(asString, func(m *Meta) *string { return &m.PseudoProgramStrategy })},
	{"runtime_id", into(asString, func(m *Meta) *string { return &m.RuntimeID })},
	{"runtime_manifest_version", into(asInt, func(m *Meta) *int { return &m.RuntimeManifestVersion })},
	{"runtime", into(asIs, func(m *Meta) *JSON { return &m.Runtime })},
	{"lora_rank", into(asInt, func(m *Meta) *int { return &m.LoraRank })},
	{"lora_alpha", into(asFloat, func(m *Meta) *float64 { return &m.LoraAlpha })},
	{"prefix_steps", into(asInt, func(m *Meta) *int { return &m.PrefixSteps })},
	{"created_at", into(asString, func(m *Meta) *string { return &m.CreatedAt })},
	{"base_sha256", into(asString, func(m *Meta) *string { return &m.BaseSHA256 })},
	{"labels", into(asStrings, func(m *Meta) *[]string { return &m.Labels })},
	{"labels_inferred", into(asBool, func(m *Meta) *bool { return &m.LabelsInferred })},
	{"target_prefix", func(m *Meta, j JSON) error {
		s, err := asString(j)
		m.TargetPrefix = &s
		return err
	}},
	{"output_format", into(asString, func(m *Meta) *string { return &m.OutputFormat })},
	{"output_pattern", into(asString, func(m *Meta) *string { return &m.OutputPattern })},
	{"calibration", readCalibration},
	{"report", into(asIs, func(m *Meta) *JSON { return &m.Report })},
	{"warnings", into(asStrings, func(m *Meta) *[]string { return &m.Warnings })},
}

func into[T any](as func(JSON) (T, error), at func(*Meta) *T) func(*Meta, JSON) error {
	return func(m *Meta, j JSON) (err error) {
		*at(m), err = as(j)
		return err
	}
}

func readCalibration(m *Meta, j JSON) error {
	list, err := members(j)
	if err != nil {
		return err
	}
	m.Calibration = &Calibration{}
	for _, x := range list {
		if string(x.value) == "null" {
			continue
		}
		switch x.key {
		case "temperature":
			m.Calibration.Temperature, err = asFloat32(x.value)
		case "weights":
			m.Calibration.Weights, err = asFloats32(x.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseMeta reads meta.json and keeps keys that it does not know.
func parseMeta(b []byte) (Meta, error) {
	var m Meta
	if !utf8.Valid(b) {
		return m, fail(memberMeta, ErrMeta, "it is no UTF-8 text")
	}
	list, err := members(b)
	if err != nil {
		return m, fail(memberMeta, ErrMeta, "%v", err)
	}
	m.text = b
	for _, x := range list {
		i := slices.IndexFunc(readers, func(r reader) bool { return r.key == x.key })
		if i < 0 {
			m.extra = append(m.extra, entry{x.key, slices.Clone(x.value)})
			continue
		}
		if string(x.value) == "null" { // as if it were not there
			continue
		}
		if err := readers[i].read(&m, x.value); err != nil {
			return m, fail(memberMeta, ErrMeta, "%s: %v", x.key, err)
		}
	}
	return m, nil
}

// Text is meta.json as it was read.
func (m *Meta) Text() string { return string(m.text) }

// writer appends the members of an object; those without a value are left out.
type writer []byte

func (w *writer) put(key string, value []byte) {
	if len(value) == 0 {
		return
	}
	if len(*w) > 1 {
		*w = append(*w, ',')
	}
	*w = append(append(quote(*w, key), ':'), value...)
}

func (w *writer) string(key, s string) {
	if s != "" {
		w.put(key, quote(nil, s))
	}
}

func (w *writer) number(key string, n int) {
	if n != 0 {
		w.put(key, strconv.AppendInt(nil, int64(n), 10))
	}
}

func (w *writer) strings(key string, list []string) {
	var b []byte
	for i, s := range list {
		b = quote(append(b, "[,"[min(i, 1)]), s)
	}
	if len(b) > 0 {
		w.put(key, append(b, ']'))
	}
}

// JSON is meta.json: the known keys in the order of the struct, then the others by name.
func (m *Meta) JSON() []byte {
	w := writer("{")
	w.number("version", m.Version)
	w.put("program_id", quote(nil, m.ProgramID))
	w.put("spec", quote(nil, m.Spec))
	w.put("examples", compact(nil, m.Examples))
	w.put("interpreter", quote(nil, m.Interpreter))
	w.string("compiler_snapshot", m.CompilerSnapshot)
	w.string("compiler_fingerprint", m.CompilerFingerprint)
	w.string("compiler_kind", m.CompilerKind)
	w.string("pseudo_program_strategy", m.PseudoProgramStrategy)
	w.string("runtime_id", m.RuntimeID)
	w.number("runtime_manifest_version", m.RuntimeManifestVersion)
	w.put("runtime", compact(nil, m.Runtime))
	w.number("lora_rank", m.LoraRank)
	if m.LoraAlpha != 0 {
		w.put("lora_alpha", float(nil, m.LoraAlpha, 64))
	}
	w.number("prefix_steps", m.PrefixSteps)
	w.string("created_at", m.CreatedAt)
	w.string("base_sha256", m.BaseSHA256)
	w.strings("labels", m.Labels)
	if m.LabelsInferred {
		w.put("labels_inferred", []byte("true"))
	}
	if m.TargetPrefix != nil {
		w.put("target_prefix", quote(nil, *m.TargetPrefix))
	}
	w.string("output_format", m.OutputFormat)
	w.string("output_pattern", m.OutputPattern)
	if m.Calibration != nil {
		b := float([]byte(`{"temperature":`), float64(m.Calibration.Temperature), 32)
		for i, x := range m.Calibration.Weights {
			b = float(append(b, [...]string{`,"weights":[`, ","}[min(i, 1)]...), float64(x), 32)
		}
		if len(m.Calibration.Weights) > 0 {
			b = append(b, ']')
		}
		w.put("calibration", append(b, '}'))
	}
	w.put("report", compact(nil, m.Report))
	w.strings("warnings", m.Warnings)
	extra := slices.Clone(m.extra)
	slices.SortFunc(extra, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for _, x := range extra {
		w.put(x.key, compact(nil, x.value))
	}
	return append(w, "}\n"...)
}
