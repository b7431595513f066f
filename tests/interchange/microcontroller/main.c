/* Classifies MNIST test images with an exported int8 network and prints a line: right answers, images, a checksum of all labels
   and scores, and the time of the network in ticks, as the upper and lower half of 64 bits. On this machine, or without an
   operating system on an emulated ARM or RISC-V processor: files and output go through semihosting. */
#include <stdint.h>

#include "digits.h"

#ifndef IMAGES
#define IMAGES 10000
#endif

static int8_t arena[DIGITS_ARENA_SIZE];
static uint8_t pixels[DIGITS_INPUT_SIZE];

#if defined(__arm__) || defined(__riscv)
static int32_t semihost(int32_t operation, const void *argument) {
#ifdef __arm__
  register int32_t result __asm__("r0") = operation;
  register const void *block __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(result) : "r"(block) : "memory");
#else
  register int32_t result __asm__("a0") = operation;
  register const void *block __asm__("a1") = argument;
  __asm__ volatile(
      ".balign 16\n .option push\n .option norvc\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n .option pop"
      : "+r"(result)
      : "r"(block)
      : "memory");
#endif
  return result;
}
typedef int32_t file;
static file open_file(const char *name, uint32_t length) {
  const uint32_t block[3] = {(uint32_t)(uintptr_t)name, 1, length}; /* "rb" */
  return semihost(0x01, block);
}
static int read_bytes(file from, void *to, uint32_t count) {
  const uint32_t block[3] = {(uint32_t)from, (uint32_t)(uintptr_t)to, count};
  return semihost(0x06, block) == 0;
}
static void print(const char *text) { semihost(0x04, text); }
static void finish(void) {
  semihost(0x18, (const void *)0x20026);
  for (;;) {
  }
}
#else
#include <stdio.h>
#include <stdlib.h>
typedef FILE *file;
static file open_file(const char *name, uint32_t length) {
  (void)length;
  return fopen(name, "rb");
}
static int read_bytes(file from, void *to, uint32_t count) { return fread(to, 1, count, from) == count; }
static void print(const char *text) { fputs(text, stdout); }
#endif

/* With -icount shift=0 qemu takes a nanosecond for each instruction. SysTick counts down with the clock of the board. */
#if defined(__arm__)
static volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010;
static void start_clock(void) {
  systick[1] = 0xffffff;
  systick[2] = 0;
  systick[0] = 5;
}
static uint32_t ticks_now(void) { return 0xffffff - systick[2]; }
static uint32_t ticks_between(uint32_t begin, uint32_t end) { return (end - begin) & 0xffffff; }
#else
static void start_clock(void) {}
static uint32_t ticks_now(void) {
  uint32_t count = 0;
#ifdef __riscv
  __asm__ volatile("csrr %0, minstret" : "=r"(count));
#endif
  return count;
}
static uint32_t ticks_between(uint32_t begin, uint32_t end) { return end - begin; }
#endif

static void print_number(uint32_t value, char end) {
  char text[12];
  int at = 11;
  text[at--] = '\0';
  text[at--] = end;
  do {
    text[at--] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  print(text + at + 1);
}

/* The images first to first + count - 1. */
static void run(uint32_t first, uint32_t count) {
  const file images = open_file("t10k-images-idx3-ubyte", 22), labels = open_file("t10k-labels-idx1-ubyte", 22);
  uint32_t i, correct = 0, done = 0, checksum = 2166136261u; /* FNV-1a */
  uint64_t ticks = 0;
  uint8_t expected;
  int k;
  read_bytes(images, pixels, 16);
  read_bytes(labels, pixels, 8);
  start_clock();
  for (i = 0; i < first + count; ++i) {
    int8_t scores[DIGITS_CLASSES];
    uint32_t begin;
    int label;
    if (!read_bytes(images, pixels, DIGITS_INPUT_SIZE) || !read_bytes(labels, &expected, 1)) break;
    if (i < first) continue;
    begin = ticks_now();
    label = digits_classify(pixels, scores, arena);
    ticks += ticks_between(begin, ticks_now());
    ++done;
    correct += label == expected;
    checksum = (checksum ^ (uint32_t)label) * 16777619u;
    for (k = 0; k < DIGITS_CLASSES; ++k) checksum = (checksum ^ (uint8_t)scores[k]) * 16777619u;
  }
  print_number(correct, ' ');
  print_number(done, ' ');
  print_number(checksum, ' ');
  print_number((uint32_t)(ticks >> 32), ' ');
  print_number((uint32_t)ticks, '\n');
}

#if defined(__arm__) || defined(__riscv)
extern uint32_t bss_begin, bss_end, stack_end;
void reset(void) {
  uint32_t *at;
  for (at = &bss_begin; at < &bss_end; ++at) *at = 0;
  run(0, IMAGES);
  finish();
}
#ifdef __arm__
__attribute__((section(".start"), used)) static const void *const vectors[] = {&stack_end, (const void *)reset,
                                                                               (const void *)finish, (const void *)finish};
#else
__attribute__((naked, section(".start"), used)) void start(void) { __asm__ volatile("la sp, stack_end\n j reset"); }
#endif
#else
int main(int argc, char **argv) {
  run(argc > 1 ? (uint32_t)atoi(argv[1]) : 0, argc > 2 ? (uint32_t)atoi(argv[2]) : IMAGES);
  return 0;
}
#endif
