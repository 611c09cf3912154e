package pawfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// texts of meta.json, good and bad; also the seeds of the fuzz test.
var metaTexts = []string{
	`{"program_id":"0123456789abcdef0123","spec":"x","interpreter":"gpt2"}`,
	` { "spec" : "a\"b\\c\/d\b\f\n\r\t\u00e9\ud83d\ude00\ud83d \udc00" , "version":3, "labels":["a","b"],"lora_alpha":16.5e0 } `,
	`{"report":{"n": [1, 2.50, -0.0e-3, true, false, null, {"a": "b, c"}]},"runtime":null,"examples":[["a" , "b"]]}`,
	`{"calibration":{"temperature":1.25,"other":[]},"target_prefix":" ","labels_inferred":true,"warnings":["w"]}`,
	`{"calibration":{"temperature":3e-7},"lora_alpha":1e30,"prefix_steps":-4,"zeta":"é <&>","alpha":{"a" : [ ]}}`,
	`{"calibration":{"temperature":1,"weights":[1, 0.25,3e0]}}`,
	`{"output_format":"regexp","output_pattern":"^\\d{4}\/[A-Z\"]+$"}`,
	`{}`, `{"version":0,"labels":[],"target_prefix":""}`, `{"spec":"\u2028 ` + "\u2028" + `"}`,
	``, `[]`, `null`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":01}`, `{"a":1.}`, `{"a":+1}`, `{"a":.5}`, `{"a":1e}`, `{"a":tru}`, `{"a":"`, `{"a":"\x"}`,
	`{"a":"\u12g4"}`, `{"a":"\u+123"}`, `{"a":[1,]}`, `{"a":1}}`, `{'a':1}`, "{\"a\":\"\n\"}", `{"version":1.5}`, `{"version":"3"}`, `{"labels":"a"}`, `{"labels":[1]}`,
	`{"version":99999999999999999999}`, `{"lora_alpha":1e999}`, `{"labels_inferred":1}`, `{"calibration":[]}`, `{"spec":7}`,
}

// meets holds the reader against encoding/json: what it takes, encoding/json takes too and understands alike.
func meets(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		return
	}
	got, err := parseMeta([]byte(text))
	var want Meta
	standard := json.Unmarshal([]byte(text), &want)
	if err != nil {
		if !errors.Is(err, ErrMeta) {
			t.Fatalf("%s: %v is no ErrMeta", text, err)
		}
		return
	}
	if standard != nil {
		t.Fatalf("%s is accepted, encoding/json says: %v", text, standard)
	}
	known := func(key string) bool {
		return slices.ContainsFunc(readers, func(r reader) bool { return r.key == key })
	}
	for _, e := range got.extra {
		for _, c := range readers {
			if strings.EqualFold(e.key, c.key) {
				return // encoding/json does not tell keys apart by case
			}
		}
		if !json.Valid(e.value) || known(e.key) {
			t.Fatalf("%s: extra key %q: %s", text, e.key, e.value)
		}
	}
	out := got.JSON()
	again, err := parseMeta(out)
	if err != nil || !bytes.Equal(again.JSON(), out) {
		t.Fatalf("%s is written as %s, which reads otherwise: %v", text, out, err)
	}
	got.extra, got.text = nil, nil
	for _, m := range []*Meta{&got, &want} {
		for _, j := range []*JSON{&m.Examples, &m.Runtime, &m.Report} {
			if *j = compact(nil, *j); len(*j) == 0 || string(*j) == "null" {
				*j = nil
			}
		}
		if m.Calibration != nil && len(m.Calibration.Weights) == 0 {
			m.Calibration.Weights = nil
		}
		for _, s := range []*[]string{&m.Labels, &m.Warnings} {
			if len(*s) == 0 {
				*s = nil
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s is read as\n%+v, by encoding/json as\n%+v", text, got, want)
	}
	// Written by encoding/json from the tags: the same text.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&got); err != nil {
		t.Fatal(err)
	}
	if have := got.JSON(); !bytes.Equal(have, b.Bytes()) {
		t.Fatalf("%s is written as\n%s by encoding/json as\n%s", text, have, b.Bytes())
	}
}

func TestMetaMeetsEncodingJSON(t *testing.T) {
	accepted := 0
	for _, text := range metaTexts {
		meets(t, text)
		if _, err := parseMeta([]byte(text)); err == nil {
			accepted++
		}
	}
	if accepted != 10 {
		t.Errorf("%d texts were accepted, 10 are good", accepted)
	}
}

func TestMetaIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		`{"spec":"a","spec":"b"}`: "stands twice",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "nested more than 64 deep",
		`{"spec":"a"} x`:     "something follows",
		`{"labels":["a",7]}`: "labels: no valid JSON",
		`{"version":1.5}`:    "version: 1.5 is no whole number",
	} {
		if _, err := parseMeta([]byte(text)); !errors.Is(err, ErrMeta) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	// Keys that differ in case only are other keys, and survive.
	m, err := parseMeta([]byte(`{"Spec":"A","spec":"b"}`))
	if err != nil || m.Spec != "b" || !strings.Contains(string(m.JSON()), `"Spec":"A"`) {
		t.Errorf("%+v %v", m, err)
	}
}

// Every field of Meta is read and written, in the order of the struct.
func TestEveryFieldIsReadAndWritten(t *testing.T) {
	var full strings.Builder
	var keys, have []string
	for i := range reflect.TypeFor[Meta]().NumField() {
		f := reflect.TypeFor[Meta]().Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" {
			continue
		}
		value := map[string]string{"string": `"x"`, "int": "7", "float64": "0.5", "bool": "true", "JSON": `[1,{"a":null}]`, "": `["x"]`, "*string": `"x"`, "*pawfile.Calibration": `{"temperature":2,"weights":[1,0.5]}`}
		name := f.Type.Name()
		if f.Type.Kind() == reflect.Pointer {
			name = f.Type.String()
		}
		keys = append(keys, key)
		full.WriteString("," + `"` + key + `":` + value[name])
	}
	text := "{" + full.String()[1:] + "}"
	m, err := parseMeta([]byte(text))
	if err != nil || string(m.JSON()) != text+"\n" || m.Text() != text {
		t.Errorf("%s is written as %s, %v", text, m.JSON(), err)
	}
	meets(t, text)
	for _, r := range readers {
		have = append(have, r.key)
	}
	if !slices.Equal(keys, have) {
		t.Errorf("fields %v\nreaders %v", keys, have)
	}
}

func FuzzMeta(f *testing.F) {
	for _, text := range metaTexts {
		f.Add(text)
	}
	f.Fuzz(meets)
}
