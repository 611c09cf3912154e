package pawfile

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Meta is meta.json: the official keys, then ours, which other readers ignore. The tags are for those who
// show a Meta; the file itself is read and written by the table below, in the same order.
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
	TargetPrefix   *string      `json:"target_prefix,omitempty"` // what training put before every answer
	Calibration    *Calibration `json:"calibration,omitempty"`
	Report         JSON         `json:"report,omitempty"`
	Warnings       []string     `json:"warnings,omitempty"` // what the spec's writer may want to mend

	extra []entry // keys that this version does not know
}

// Calibration of label probabilities, fitted on examples that were held out.
type Calibration struct {
	Temperature float32 `json:"temperature"` // divides log-probabilities
}

// Limits of what meta.json may hold.
const (
	maxLabels = 4096
	maxLabel  = 1024
	maxDepth  = 64
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
	if c := m.Calibration; c != nil && !(c.Temperature > 0 && c.Temperature < 1e4) {
		return fail(memberMeta, ErrMeta, "temperature %v: a positive number is needed", c.Temperature)
	}
	if math.IsNaN(m.LoraAlpha) || math.IsInf(m.LoraAlpha, 0) {
		return fail(memberMeta, ErrMeta, "lora_alpha is no number")
	}
	return nil
}

// codec reads and writes one key of meta.json. write appends nothing for a value that is left out.
type codec struct {
	key   string
	read  func(*Meta, JSON) error
	write func(*Meta, []byte) []byte
}

var codecs = []codec{
	number("version", func(m *Meta) *int { return &m.Version }),
	word("program_id", always, func(m *Meta) *string { return &m.ProgramID }),
	word("spec", always, func(m *Meta) *string { return &m.Spec }),
	raw("examples", func(m *Meta) *JSON { return &m.Examples }),
	word("interpreter", always, func(m *Meta) *string { return &m.Interpreter }),
	word("compiler_snapshot", filled, func(m *Meta) *string { return &m.CompilerSnapshot }),
	word("compiler_fingerprint", filled, func(m *Meta) *string { return &m.CompilerFingerprint }),
	word("compiler_kind", filled, func(m *Meta) *string { return &m.CompilerKind }),
	word("pseudo_program_strategy", filled, func(m *Meta) *string { return &m.PseudoProgramStrategy }),
	word("runtime_id", filled, func(m *Meta) *string { return &m.RuntimeID }),
	number("runtime_manifest_version", func(m *Meta) *int { return &m.RuntimeManifestVersion }),
	raw("runtime", func(m *Meta) *JSON { return &m.Runtime }),
	number("lora_rank", func(m *Meta) *int { return &m.LoraRank }),
	{"lora_alpha", func(m *Meta, j JSON) (err error) { m.LoraAlpha, err = asFloat(j, 64); return err }, func(m *Meta, b []byte) []byte {
		if m.LoraAlpha == 0 {
			return b
		}
		return float(b, m.LoraAlpha, 64)
	}},
	number("prefix_steps", func(m *Meta) *int { return &m.PrefixSteps }),
	word("created_at", filled, func(m *Meta) *string { return &m.CreatedAt }),
	word("base_sha256", filled, func(m *Meta) *string { return &m.BaseSHA256 }),
	words("labels", func(m *Meta) *[]string { return &m.Labels }),
	{"labels_inferred", func(m *Meta, j JSON) (err error) { m.LabelsInferred, err = asBool(j); return err }, func(m *Meta, b []byte) []byte {
		if !m.LabelsInferred {
			return b
		}
		return append(b, "true"...)
	}},
	{"target_prefix", func(m *Meta, j JSON) error {
		s, err := asString(j)
		m.TargetPrefix = &s
		return err
	}, func(m *Meta, b []byte) []byte {
		if m.TargetPrefix == nil {
			return b
		}
		return quote(b, *m.TargetPrefix)
	}},
	{"calibration", readCalibration, func(m *Meta, b []byte) []byte {
		if m.Calibration == nil {
			return b
		}
		return append(float(append(b, `{"temperature":`...), float64(m.Calibration.Temperature), 32), '}')
	}},
	raw("report", func(m *Meta) *JSON { return &m.Report }),
	words("warnings", func(m *Meta) *[]string { return &m.Warnings }),
}

const always, filled = true, false // whether a key is written without a value

func word(key string, always bool, at func(*Meta) *string) codec {
	return codec{key, func(m *Meta, j JSON) (err error) { *at(m), err = asString(j); return err }, func(m *Meta, b []byte) []byte {
		if *at(m) == "" && !always {
			return b
		}
		return quote(b, *at(m))
	}}
}

func number(key string, at func(*Meta) *int) codec {
	return codec{key, func(m *Meta, j JSON) (err error) { *at(m), err = asInt(j); return err }, func(m *Meta, b []byte) []byte {
		if *at(m) == 0 {
			return b
		}
		return strconv.AppendInt(b, int64(*at(m)), 10)
	}}
}

func raw(key string, at func(*Meta) *JSON) codec {
	return codec{key, func(m *Meta, j JSON) error { *at(m) = slices.Clone(j); return nil }, func(m *Meta, b []byte) []byte { return compact(b, *at(m)) }}
}

func words(key string, at func(*Meta) *[]string) codec {
	return codec{key, func(m *Meta, j JSON) (err error) { *at(m), err = asStrings(j); return err }, func(m *Meta, b []byte) []byte {
		if len(*at(m)) == 0 {
			return b
		}
		for i, s := range *at(m) {
			b = quote(append(b, "[,"[min(i, 1)]), s)
		}
		return append(b, ']')
	}}
}

func readCalibration(m *Meta, j JSON) error {
	list, err := members(j)
	if err != nil {
		return err
	}
	m.Calibration = &Calibration{}
	for _, x := range list {
		if x.key == "temperature" && string(x.value) != "null" {
			t, err := asFloat(x.value, 32)
			if err != nil {
				return err
			}
			m.Calibration.Temperature = float32(t)
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
	for _, x := range list {
		i := slices.IndexFunc(codecs, func(c codec) bool { return c.key == x.key })
		if i < 0 {
			m.extra = append(m.extra, entry{x.key, slices.Clone(x.value)})
			continue
		}
		if string(x.value) == "null" { // as if it were not there
			continue
		}
		if err := codecs[i].read(&m, x.value); err != nil {
			return m, fail(memberMeta, ErrMeta, "%s: %v", x.key, err)
		}
	}
	return m, nil
}

// JSON is meta.json: the known keys in the order of the struct, then the others by name.
func (m *Meta) JSON() []byte {
	out := []byte("{")
	put := func(key string, write func([]byte) []byte) {
		start := len(out)
		if start > 1 {
			out = append(out, ',')
		}
		out = append(quote(out, key), ':')
		value := len(out)
		if out = write(out); len(out) == value {
			out = out[:start]
		}
	}
	for _, c := range codecs {
		put(c.key, func(b []byte) []byte { return c.write(m, b) })
	}
	extra := slices.Clone(m.extra)
	slices.SortFunc(extra, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for _, x := range extra {
		put(x.key, func(b []byte) []byte { return compact(b, x.value) })
	}
	return append(out, "}\n"...)
}
