/* The same as main.c for IMAGES images that are in the flash memory of an ATmega1284P. simavr prints what the UART sends. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>

#include "digits.h"

extern const uint8_t images[], labels[];

static int8_t arena[DIGITS_ARENA_SIZE];
static uint8_t pixels[DIGITS_INPUT_SIZE];
static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect) { ++overflows; }

static void print(char character) {
  while (!(UCSR0A & _BV(UDRE0))) {
  }
  UDR0 = (uint8_t)character;
}

static void print_number(uint32_t value, char end) {
  char text[10];
  int8_t at = 0;
  do {
    text[at++] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  while (at > 0) print(text[--at]);
  print(end);
}

int main(void) {
  uint32_t checksum = 2166136261u, cycles = 0;
  uint16_t i, at, correct = 0;
  int k;
  UCSR0B = _BV(TXEN0);
  TCCR1B = _BV(CS10);
  TIMSK1 = _BV(TOIE1);
  for (i = 0; i < IMAGES; ++i) {
    int8_t scores[DIGITS_CLASSES];
    int label;
    for (at = 0; at < DIGITS_INPUT_SIZE; ++at)
      pixels[at] = pgm_read_byte_far(pgm_get_far_address(images) + (uint32_t)i * DIGITS_INPUT_SIZE + at);
    overflows = 0;
    TCNT1 = 0;
    sei();
    label = digits_classify(pixels, scores, arena);
    cli();
    cycles += ((uint32_t)overflows << 16) + TCNT1;
    correct += label == pgm_read_byte_far(pgm_get_far_address(labels) + i);
    checksum = (checksum ^ (uint32_t)label) * 16777619u;
    for (k = 0; k < DIGITS_CLASSES; ++k) checksum = (checksum ^ (uint8_t)scores[k]) * 16777619u;
  }
  print_number(correct, ' ');
  print_number(IMAGES, ' ');
  print_number(checksum, ' ');
  print_number(0, ' ');
  print_number(cycles, '\n');
  sleep_enable();
  sleep_cpu();
  return 0;
}
