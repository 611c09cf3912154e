package nn

import "os"

// The names CPU returns and PAW_CPU accepts.
const (
	pathPortable = "portable"
	pathAVX2     = "avx2"
)

func init() { selectCPU(os.Getenv("PAW_CPU")) }

// CPU names the code path in use: "avx2" or "portable".
func CPU() string {
	if useAVX2 {
		return pathAVX2
	}
	return pathPortable
}
