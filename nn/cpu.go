package nn

import "os"

// The names CPU returns and PAW_CPU accepts.
const (
	pathPortable = "portable"
	pathAVX2     = "avx2"
	pathAVX512   = "avx512"
)

func init() { selectCPU(os.Getenv("PAW_CPU")) }

// CPU names the code path in use: "avx512", "avx2" or "portable".
func CPU() string {
	switch {
	case useAVX512:
		return pathAVX512
	case useAVX2:
		return pathAVX2
	}
	return pathPortable
}
