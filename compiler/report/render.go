package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write renders the report as text for people.
func (r Report) Write(w io.Writer) error {
	_, err := io.WriteString(w, r.String())
	return err
}

// String renders the report as text: majority, baseline and program side by
// side, then the verdict and the wrong answers. Text of users is quoted, so it
// cannot play with the terminal.
func (r Report) String() string {
	var b strings.Builder
	if r.N > 0 {
		fmt.Fprintf(&b, "%s the program has not seen\n\n", count(r.N, "example"))
		rows := [][2]string{{"always " + quote(r.MajorityOutput, 24), percent(r.Majority)}}
		if r.BaselineName != "" {
			rows = append(rows, [2]string{r.BaselineName, percent(r.Baseline)})
		}
		rows = append(rows, [2]string{"this program", fmt.Sprintf("%s   (95 %% interval %.1f to %.1f)", percent(r.Accuracy), 100*r.Interval[0], 100*r.Interval[1])})
		width := 0
		for _, row := range rows {
			width = max(width, utf8.RuneCountInString(row[0]))
		}
		for _, row := range rows {
			number, more, _ := strings.Cut(row[1], "   ")
			line := fmt.Sprintf("  %s%s  %8s   %s", row[0], strings.Repeat(" ", width-utf8.RuneCountInString(row[0])), number, more)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Verdict: %s.\n", r.Verdict)
	if r.LabelsInferred {
		quoted := make([]string, len(r.Labels))
		for i, l := range r.Labels {
			quoted[i] = quote(l, 40)
		}
		fmt.Fprintf(&b, "Labels inferred from the examples: %s. List them in the specification to be sure.\n", strings.Join(quoted, ", "))
	}
	if r.ECE != nil {
		fmt.Fprintf(&b, "Calibration: temperature %.2f, expected error %.1f points.\n", r.Temperature, 100**r.ECE)
	}
	if r.Wrong > 0 {
		fmt.Fprintf(&b, "Wrong on %d:\n", r.Wrong)
		for _, f := range r.Failures {
			fmt.Fprintf(&b, "  %s gave %s, expected %s", quote(f.Input, 60), quote(f.Got, 40), quote(f.Want, 40))
			if f.Confidence > 0 {
				fmt.Fprintf(&b, " (confidence %.2f)", f.Confidence)
			}
			b.WriteString("\n")
		}
		if more := r.Wrong - len(r.Failures); more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	return b.String()
}

func quote(s string, n int) string { return fmt.Sprintf("%q", cutText(s, n)) }
