// Helpers that compute beside the caller. Only the threaded builds (-DTHREADS) have them: instances of the same
// module on one shared memory, each in a thread of its own that its host started and that called serve().
//
// A job is cut into shares. Whoever is free takes the next one, the caller too, so a helper that the machine
// holds up costs the one share it holds, and a helper that died costs nothing where it held none. A share writes
// what no other reads, and computes every number as one thread alone would: the bits are the same.
#pragma once
#include "simd.h"

enum {
  HELPERS = 7,
  ROOM = 48 << 10,  // bytes of a helper's own buffer
  STACK = 16 << 10, // and of its stack
  SPINS = 1 << 14,  // looks at a word before a thread sleeps until it changes: about the time to fall asleep and wake
  EACH = 4,         // shares for every thread
};
#define PATIENCE 2500000000ll // nanoseconds without any progress, twice: the machine itself may have slept

typedef void (*Share)(const void *job, u32 share, void *room);

static struct {
  _Alignas(64) u32 ticket; // shares of the job << 16 | how many of them are taken
  u32 helpers;             // how many serve
  _Alignas(64) u32 done;   // shares of the job that are done
  u32 waiting;             // 1: the caller sleeps until all are
  _Alignas(64) u32 number; // counts jobs
  u32 asleep;              // helpers that sleep until there is another
  Share run;
  const void *job;
} team;

static struct {
  _Alignas(64) u8 room[ROOM], stack[STACK];
} helper[HELPERS];

INLINE u32 get(const u32 *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
INLINE void set(u32 *p, u32 v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
INLINE u32 increase(u32 *p, u32 by) { return __atomic_fetch_add(p, by, __ATOMIC_SEQ_CST); } // what it was
INLINE int sleep(u32 *p, u32 while_it_is, long long nanoseconds) { // 2: nothing happened for so long
  return __builtin_wasm_memory_atomic_wait32((int *)p, (int)while_it_is, nanoseconds);
}
INLINE void wake(u32 *p) { __builtin_wasm_memory_atomic_notify((int *)p, HELPERS); }

// Computes shares until all are taken. A ticket holds its job's count, so one drawn late says by itself that it is void;
// one that is good keeps the job alive, because the caller waits for it.
static void take(void *room) {
  for (;;) {
    const u32 ticket = increase(&team.ticket, 1), share = ticket & 0xffff, count = ticket >> 16;
    if (share >= count) return;
    team.run(team.job, share, room);
    if (increase(&team.done, 1) + 1 == count && get(&team.waiting)) wake(&team.done);
  }
}

// Waits for the shares that helpers hold. A helper that never ends its share ends the module: Go and the page
// know a kernel that fails, and start another.
static void finish(u32 count) {
  for (u32 i = 0; i < SPINS; i++)
    if (get(&team.done) == count) return;
  set(&team.waiting, 1);
  for (u32 done, late = 0; (done = get(&team.done)) != count;) {
    late = sleep(&team.done, done, PATIENCE) == 2 ? late + 1 : 0;
    if (late == 2) __builtin_trap();
  }
  set(&team.waiting, 0);
}

// Computes `count` (at most 65535) shares with everyone; `room` is the caller's own.
static __attribute__((noinline)) void share(Share run, const void *job, u32 count, void *room) {
  team.run = run;
  team.job = job;
  set(&team.done, 0);
  set(&team.ticket, count << 16);
  increase(&team.number, 1);
  if (get(&team.asleep)) wake(&team.number);
  take(room);
  finish(count);
}

static __attribute__((noinline, noreturn)) void help(u32 index) {
  increase(&team.helpers, 1);
  for (u32 seen = get(&team.number);;) {
    u32 i = 0;
    while (i < SPINS && get(&team.number) == seen) i++;
    if (i == SPINS) {
      increase(&team.asleep, 1);
      sleep(&team.number, seen, -1);
      increase(&team.asleep, -1);
    }
    seen = get(&team.number);
    take(helper[index].room);
  }
}

// What the thread of helper `index` (below HELPERS, each once) calls; it never returns. The stack pointer is this
// instance's own, and stands where the caller's stack is.
void EXPORT(serve)(u32 index) {
  __asm__ volatile(".globaltype __stack_pointer, i32\n\tlocal.get %0\n\tglobal.set __stack_pointer"
                   ::"r"(helper[index].stack + STACK));
  help(index);
}
