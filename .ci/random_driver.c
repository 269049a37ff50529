/* Runs C of random models for random_programs.py: each in a process of its own, twice, between guard zones, over memory that holds
 * something else each time. The file PROGRAMS includes the headers and holds `static const struct program programs[]`. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORTS = 40, ROUNDS = 2, TOLD = 3 /* the status of a child that has said what is wrong */ };
#if !defined(GUARD)
#define GUARD 4096 /* bytes before and after each buffer; 0: blocks of exact size, for a sanitizer */
#endif

struct program {
  const char *name;
  int (*run)(unsigned char **ports, const void *weights, void *arena);
  size_t arena, arena_align, weights, weights_align;
  int inputs, outputs;
  size_t bytes[PORTS], align[PORTS];
};

struct block { unsigned char *start, *base; size_t bytes; };

static void fail(const char *what, int which)
{
  printf("%s %d\n", what, which);
  exit(TOLD);
}

/* Memory filled with a pattern, the second time aligned to no more than it has to be. */
static struct block get(size_t bytes, size_t align, int fill, int barely)
{
  struct block b;
  void *p = NULL;
  size_t offset = GUARD + (barely ? align : 0);
  b.bytes = bytes;
  if (GUARD == 0) {
    offset = 0;
    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, bytes) != 0) exit(2);
  } else if (posix_memalign(&p, 4096, bytes + 2 * GUARD + align) != 0) {
    exit(2);
  }
  b.base = p;
  b.start = b.base + offset;
  memset(b.base, fill, GUARD == 0 ? bytes : bytes + 2 * GUARD + align);
  return b;
}

static int kept(struct block b, int fill)
{
  for (unsigned char *p = b.base; GUARD != 0 && p < b.start; p++) if (*p != fill) return 0;
  for (size_t i = 0; i < GUARD; i++) if (b.start[b.bytes + i] != fill) return 0;
  return 1;
}

static void load(FILE *f, unsigned char *to, size_t bytes)
{
  if (f == NULL || fread(to, 1, bytes, f) != bytes) fail("no input", 0);
}

static void go(const struct program *p)
{
  static unsigned char *first[PORTS];
  char path[200];
  const int all = p->inputs + p->outputs;
  for (int round = 0; round < ROUNDS; round++) {
    const int fill = round == 0 ? 0xFF : 0xA5; /* not a number; a small number */
    struct block ports[PORTS], arena, weights = {NULL, NULL, 0};
    unsigned char *starts[PORTS], *copies[PORTS];
    FILE *f;
    snprintf(path, sizeof path, "%s.in", p->name);
    f = fopen(path, "rb");
    for (int i = 0; i < all; i++) {
      ports[i] = get(p->bytes[i], p->align[i], fill, round);
      starts[i] = ports[i].start;
      if (i < p->inputs) {
        load(f, starts[i], p->bytes[i]);
        copies[i] = malloc(p->bytes[i]);
        memcpy(copies[i], starts[i], p->bytes[i]);
      }
    }
    fclose(f);
    if (p->weights > 0) {
      snprintf(path, sizeof path, "%s.weights", p->name);
      f = fopen(path, "rb");
      weights = get(p->weights, p->weights_align, fill, round);
      load(f, weights.start, p->weights);
      fclose(f);
    }
    arena = get(p->arena, p->arena_align, fill, round);
    const int status = p->run(starts, weights.start, arena.start);
    if (status != 0) fail("status", status);
    if (!kept(arena, fill)) fail("writes outside the arena, round", round);
    if (p->weights > 0 && !kept(weights, fill)) fail("writes outside the weights, round", round);
    for (int i = 0; i < all; i++) {
      if (!kept(ports[i], fill)) fail("writes outside port", i);
      if (i < p->inputs && memcmp(copies[i], starts[i], p->bytes[i]) != 0) fail("changes input", i);
      if (i >= p->inputs && round == 0) first[i] = starts[i];
      if (i >= p->inputs && round > 0 && memcmp(first[i], starts[i], p->bytes[i]) != 0)
        fail("depends on what memory held before, port", i);
    }
  }
  snprintf(path, sizeof path, "%s.out", p->name);
  FILE *f = fopen(path, "wb");
  for (int i = p->inputs; i < all; i++) fwrite(first[i], 1, p->bytes[i], f);
  fclose(f);
}

#include PROGRAMS

int main(void)
{
  for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      char path[200];
      snprintf(path, sizeof path, "%s.err", programs[i].name);
      if (freopen(path, "w", stderr) == NULL) exit(2);
      alarm(SECONDS);
      printf("%s: ", programs[i].name);
      fflush(stdout);
      go(&programs[i]);
      printf("done\n");
      fflush(stdout);
      exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != TOLD) printf("exit %d\n", WEXITSTATUS(status));
  }
  return 0;
}
