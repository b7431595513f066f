/* Classifies the MNIST test images with an exported int8 network and prints a line: right answers, images, and a
   checksum of all labels and scores. On a Cortex-M without an operating system: output by semihosting. */
#include <stdint.h>

#include "digits.h"

extern const uint8_t images[], labels[];
extern const uint32_t image_count;

static int8_t arena[DIGITS_ARENA_SIZE];

#ifdef __arm__
static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void print(const char *text) { semihost(4, text); }
static void finish(void) {
  semihost(0x18, (const void *)0x20026);
  for (;;) {
  }
}
#else
#include <stdio.h>
static void print(const char *text) { fputs(text, stdout); }
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

int main(void) {
  uint32_t i, correct = 0, checksum = 2166136261u; /* FNV-1a */
  int k;
  for (i = 0; i < image_count; ++i) {
    int8_t scores[DIGITS_CLASSES];
    const int label = digits_classify(images + i * DIGITS_INPUT_SIZE, scores, arena);
    correct += label == labels[i];
    checksum = (checksum ^ (uint32_t)label) * 16777619u;
    for (k = 0; k < DIGITS_CLASSES; ++k) checksum = (checksum ^ (uint8_t)scores[k]) * 16777619u;
  }
  print_number(correct, ' ');
  print_number(image_count, ' ');
  print_number(checksum, '\n');
  return 0;
}

#ifdef __arm__
extern uint32_t stack_end, bss_begin, bss_end;
void reset(void) {
  uint32_t *at;
  for (at = &bss_begin; at < &bss_end; ++at) *at = 0;
  main();
  finish();
}
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&stack_end, (const void *)reset,
                                                                                 (const void *)finish, (const void *)finish};
#endif
