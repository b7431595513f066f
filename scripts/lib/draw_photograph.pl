# Draws a picture like a photograph of handwriting: the first ten images of an IDX file, in dark ink,
# three times as large, on grey paper with a shadow and noise.
#   perl scripts/lib/draw_photograph.pl t10k-images-idx3-ubyte >page.pgm
use strict;
use warnings;

my ($count, $side, $scale, $cell, $margin) = (10, 28, 3, 100, 50);
open my $file, '<:raw', $ARGV[0] or die "$ARGV[0]: $!\n";
my $size = 16 + $count * $side * $side;  # after a header of 16 bytes
my $bytes;
my $read = read $file, $bytes, $size;
die "$ARGV[0]: expected $size bytes, got fewer\n" if !defined $read || $read < $size;

my ($width, $height) = ($count * $cell + 80, 2 * $cell);
srand 1;
my @page;
for my $y (0 .. $height - 1) {
  for my $x (0 .. $width - 1) {
    push @page, 225 - 40 * $x / $width - 20 * $y / $height + rand 8;
  }
}
for my $image (0 .. $count - 1) {
  for my $y (0 .. $side * $scale - 1) {
    for my $x (0 .. $side * $scale - 1) {
      my $at = 16 + ($image * $side + int($y / $scale)) * $side + int($x / $scale);
      my $ink = ord(substr $bytes, $at, 1) / 255;
      $page[($margin + $y) * $width + $margin + $image * $cell + $x] *= 1 - 0.8 * $ink;
    }
  }
}
binmode STDOUT;
print "P5\n$width $height\n255\n", pack 'C*', map { int } @page;
