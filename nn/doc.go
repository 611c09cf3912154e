// Package nn is the float32 arithmetic under the trainer and the native
// engine: matrix products, row operations with their gradients, and AdamW.
//
// It promises
//   - the same bytes for the same inputs on one machine, however many
//     goroutines take part: work is split over rows and columns of the result,
//     never over a sum;
//   - no allocation per matrix product after warm-up: packing buffers come from
//     a pool;
//   - a worker pool that sleeps when idle and never spins, so that a busy
//     neighbour costs its share and no more.
//
// It knows no transformer, no file format and no quantised type. Results of
// the assembly paths and of the portable path agree within rounding, not to the
// bit; those of AVX2 and AVX-512 agree to the bit. Arguments are checked only for
// what would corrupt memory: slices that are too short for the given shape panic.
//
// PAW_CPU=portable|avx2|avx512 in the environment picks the path; without it the
// best one the processor supports is taken. A path the processor cannot run is
// never taken.
package nn
