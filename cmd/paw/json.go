package main

import (
	"bytes"
	"encoding/json"

	"paw/function"
)

// probabilities is a JSON object that keeps the program's order of labels.
type probabilities []function.LabelProbability

func (p probabilities) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, lp := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(lp.Label)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(lp.Probability)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
