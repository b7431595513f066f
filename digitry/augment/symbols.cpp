#include "digitry/augment/symbols.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

namespace digitry {
namespace {

struct Dot {
  double x = 0;
  double y = 0;
};
using Stroke = std::vector<Dot>;
using Strokes = std::vector<Stroke>;

// The strokes of letters and signs: points (x, y) of a grid of 0 to 8, two characters each, y down.
// A space begins another stroke; '~' before a stroke makes it round.
constexpr auto kSigns = std::to_array<std::string_view>({
    "084088 2565",                     // A
    "~72401416487476",                 // C, narrow ends
    "7000080878 0464",                 // E
    "700008 0454",                     // F
    "0008 7078 0474",                  // H
    "~6066484616 3090",                // J
    "0008 700478",                     // K
    "000878",                          // L
    "0800446088 6088",                 // M
    "08007870 7078",                   // N
    "0800 ~006072646404",              // P
    "0800 ~006072640404 3478",         // R
    "0080 4048",                       // T
    "~0006274867746070",               // U
    "004880",                          // V
    "0028446880",                      // W
    "0088 8008",                       // X
    "004480 4448",                     // Y
    "~623212041648686 6268",           // a
    "~63341416487667",                 // c
    "6068 ~6434141648687",             // d
    "~1565633323131648677",            // e
    "~6142424548 2363",                // f
    "0008 ~043363566668",              // h
    "~4344464727 4041",                // j
    "0008 630448 0448",                // k
    "0308 ~0433456 4548 ~4573858788",  // m
    "0308 ~04336356668",               // n
    "0308 ~04336365666606",            // p
    "0308 ~04335363",                  // r
    "4147 ~4748586 2363",              // t
    "~0306184868 6368",                // u
    "034863",                          // v
    "0328456883",                      // w
    "0368 6308",                       // x
    "0346 6328",                       // y
    "0484 ",                           // −
    "0484 4048",                       // +
    "0282 0686",                       // =
    "~62412050616585737 ",             // an open curl
    "~7150302314164758 0353 0555",     // €
    "2028 6068 0282 0686",             // #
    "0880 ~10211200 ~76877866",        // %
    "4048 1173 1771",                  // *
    "~8446242446646880 ",              // &-like loop
    "~66443446647480402004081878",     // @
    "4045 4748",                       // !
    "~1210307062444 4748",             // ?-like
    "~04123454658386 ",                // ~
    "800448",                          // <
    "0028 2088",                       // two slants
    "8000448088 ",                     // Σ
    "0800 007078 ",                    // Π
    "~08284800 0048 4088",             // λ-like
    "4048 0088 8008",                  // Ж-like
    "0008 4048 8088 0888",             // Ш
    "7078 ~7020130474 4408",           // Я
    "08408808",                        // Δ
    "1848 ~28010141707168 6888",       // Ω
    "0080 4008 4088 0888",             // a sign of strokes
    "0181 4048 0585",                  // 王-like
    "2008 4048 8088 0282",             // 川-like
    "0484 3008 5088",                  // 大-like
    "2088 0828 4480",                  // 人-like
    "~0444404884 ",                    // a wave
});

// Ways of writing each digit, in the same notation: with long flags, bars and feet, open 4s, looped
// 2s, 3s and 5s of straight strokes.
constexpr std::array<std::array<std::string_view, 6>, 10> kWrittenDigits = {{
    {"~401104174867746140", "~401104174867746140", "~501104163858667451", "~40110406285867644140",
     "~511003063868757261", "~613011040738587562"},
    {"4048", "134048", "044048", "044048 1878", "224048 2868", "054048"},
    {"~022050625408 0868", "~022050625408 0878", "~02205062541807163778", "02205062540868",
     "~0110406162351807162778", "~0130506344180817 0868"},
    {"~0120506234 ~3465673807", "~0120506234 ~2465673807", "006034 ~3465673807",
     "~011050623424 ~2465573807", "~0130616334144566583707", "01206034663807"},
    {"100464 5158", "000575 6068", "500575 5058", "~10041464 5258", "600474 6068",
     "~20130565 5158"},
    {"6010 1013 ~134365573807", "60101355663807", "2070 1013 ~134365573807",
     "6010 1004 ~043456574807", "701013 ~13435566684807", "~60301013 ~134365573807"},
    {"~5022051848664415", "~602104062858664515", "~302003062858554315", "~401205173866554415",
     "~501104063858663515", "4002052848654415"},
    {"006028", "006028 1454", "01006028 1454", "007048", "~00306053 5328", "006018 2464"},
    {"~613002346638063461", "~3012345230 ~3406386634", "~6020023466581805345161",
     "~50301123345567481706245160", "~3012335230 ~3315386533", "~71301234664838163471"},
    {"~6130023462 6158", "~6230023462655817", "61300224 2461 6168", "~6130023462 6148",
     "~5220113463 ~6265573807", "~6130023462 616548"},
}};

// A curve through the dots (Catmull and Rom), eight steps from each to the next.
Stroke rounded(const Stroke& dots) {
  if (dots.size() < 3) return dots;
  Stroke curve;
  const auto at = [&](std::ptrdiff_t i) {
    return dots[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(i, 0, std::ssize(dots) - 1))];
  };
  for (std::ptrdiff_t i = 0; i + 1 < std::ssize(dots); ++i)
    for (int step = 0; step < 8; ++step) {
      const double t = step / 8.0;
      const auto mix = [&](double a, double b, double c, double d) {
        return 0.5 * (2 * b + t * (c - a) + t * t * (2 * a - 5 * b + 4 * c - d) +
                      t * t * t * (3 * b - 3 * c + d - a));
      };
      const Dot a = at(i - 1);
      const Dot b = at(i);
      const Dot c = at(i + 1);
      const Dot d = at(i + 2);
      curve.push_back({mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)});
    }
  curve.push_back(dots.back());
  return curve;
}

struct SignStyle {
  double jitter = 0;     // How far each dot is moved, at most.
  bool serifs = false;   // Short strokes across all ends.
  bool angular = false;  // Round strokes are straight between their dots.
};

// The strokes of a sign; coordinates 0 to 8.
Strokes sign_strokes(std::string_view sign, const SignStyle& style, RandomStream& random) {
  const double jitter = style.jitter;
  Strokes strokes;
  for (std::size_t i = 0; i < sign.size();) {
    if (sign[i] == ' ') {
      ++i;
      continue;
    }
    const bool round = sign[i] == '~';
    if (round) ++i;
    Stroke stroke;
    for (; i + 1 < sign.size() && sign[i] != ' ' && sign[i + 1] != ' '; i += 2)
      stroke.push_back({sign[i] - '0' + random.next_between(-jitter, jitter),
                        sign[i + 1] - '0' + random.next_between(-jitter, jitter)});
    while (i < sign.size() && sign[i] != ' ') ++i;  // A coordinate without a partner.
    if (stroke.empty()) continue;
    if (style.serifs)
      for (const Dot& end : {stroke.front(), stroke.back()})
        strokes.push_back({{end.x - 1, end.y}, {end.x + 1, end.y}});
    strokes.push_back(round && !style.angular ? rounded(stroke) : stroke);
  }
  return strokes;
}

Strokes random_strokes(RandomStream& random) {
  Strokes strokes(2 + random.next_below(4));
  for (Stroke& stroke : strokes) {
    const std::uint32_t dots = 2 + random.next_below(4);
    for (std::uint32_t i = 0; i < dots; ++i)
      stroke.push_back({random.next_between(0, 8), random.next_between(0, 8)});
    if (random.next_below(2) == 0) stroke = rounded(stroke);
  }
  return strokes;
}

Strokes pen_walk(RandomStream& random) {
  Stroke walk;
  Dot at{random.next_between(0, 8), random.next_between(0, 8)};
  double heading = random.next_between(0, 2 * std::numbers::pi);
  double turning = 0;
  const double wildness = random.next_between(0.2, 0.6);
  const std::uint32_t steps = 30 + random.next_below(120);
  for (std::uint32_t i = 0; i < steps; ++i) {
    walk.push_back(at);
    turning = 0.75 * turning + wildness * static_cast<double>(random.next_normal());
    heading += turning;
    at = {std::clamp(at.x + 0.5 * std::cos(heading), 0.0, 8.0),
          std::clamp(at.y + 0.5 * std::sin(heading), 0.0, 8.0)};
  }
  return {walk};
}

void draw_strokes(const Strokes& strokes, double pen, std::int64_t side,
                  std::span<std::uint8_t> ink) {
  for (const Stroke& stroke : strokes)
    for (std::size_t i = 0; i + 1 < std::max<std::size_t>(2, stroke.size()); ++i) {
      const Dot& from = stroke[i];
      const Dot& to = stroke[std::min(i + 1, stroke.size() - 1)];
      draw_line({from.x, from.y, to.x, to.y, pen}, side, ink);
    }
}

// Brings strokes of 0 to 8 to pixels: slanted, turned and squeezed.
void place_strokes(Strokes& strokes, std::int64_t side, double height, RandomStream& random) {
  const double angle = random.next_between(-0.2, 0.2);
  const double slant = random.next_between(-0.35, 0.35);
  const double tall = height / 8;
  const double wide = tall * random.next_between(0.6, 1.15);
  const double cos = std::cos(angle);
  const double sin = std::sin(angle);
  for (Stroke& stroke : strokes)
    for (Dot& dot : stroke) {
      const double u = (dot.x - 4) * wide - slant * (dot.y - 4) * tall;
      const double v = (dot.y - 4) * tall;
      dot = {static_cast<double>(side) / 2 + cos * u - sin * v,
             static_cast<double>(side) / 2 + sin * u + cos * v};
    }
}

// A blob whose outline is a few waves, perhaps with a hole, sleeves or a texture.
void draw_shape(std::int64_t side, double height, RandomStream& random,
                std::span<std::uint8_t> ink) {
  std::array<double, 5> sizes{};
  std::array<double, 5> phases{};
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    sizes[k] = random.next_between(0, 0.35) / static_cast<double>(k + 1);
    phases[k] = random.next_between(0, 2 * std::numbers::pi);
  }
  const double squeeze = random.next_between(0.5, 1.6);
  const double power = random.next_below(2) == 0 ? 2 : random.next_between(3, 8);
  const double hole = random.next_below(4) == 0 ? random.next_between(0.2, 0.7) : 0;
  const std::uint32_t texture = random.next_below(4);
  const double period = random.next_between(2, height / 2);
  const double tilt = random.next_between(0, std::numbers::pi);
  const double dark = random.next_between(0.4, 1);
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) {
      const double u = (static_cast<double>(x) - static_cast<double>(side) / 2) * 2 / height;
      const double v =
          (static_cast<double>(y) - static_cast<double>(side) / 2) * 2 / height * squeeze;
      const double away =
          std::pow(std::pow(std::fabs(u), power) + std::pow(std::fabs(v), power), 1 / power);
      const double angle = std::atan2(v, u);
      double reach = 0.8;
      for (std::size_t k = 0; k < sizes.size(); ++k)
        reach += sizes[k] * std::cos(static_cast<double>(k + 1) * angle + phases[k]);
      if (away > reach || away < hole * reach) continue;
      const double wave = (u * std::cos(tilt) + v * std::sin(tilt)) * height / period;
      const double cross = (v * std::cos(tilt) - u * std::sin(tilt)) * height / period;
      double value = dark;
      if (texture == 1) value *= 0.7 + 0.3 * std::sin(2 * std::numbers::pi * wave);
      if (texture == 2) value = std::sin(2 * std::numbers::pi * wave) > 0 ? 1 : 0;
      if (texture == 3)
        value *= std::sin(2 * std::numbers::pi * wave) * std::sin(2 * std::numbers::pi * cross) > 0
                     ? 1
                     : 0.4;
      ink[static_cast<std::size_t>(y * side + x)] = static_cast<std::uint8_t>(255 * value);
    }
}

}  // namespace

void draw_line(const PenLine& line, std::int64_t side, std::span<std::uint8_t> ink) {
  const double radius = line.width / 2;
  const double dx = line.x1 - line.x0;
  const double dy = line.y1 - line.y0;
  const double length = std::max(1e-9, dx * dx + dy * dy);
  const auto low = [&](double u, double v) {
    return static_cast<std::int64_t>(std::max(0.0, std::min(u, v) - radius - 1));
  };
  const auto high = [&](double u, double v) {
    return std::min(side - 1, static_cast<std::int64_t>(std::max(u, v) + radius + 1));
  };
  for (std::int64_t y = low(line.y0, line.y1); y <= high(line.y0, line.y1); ++y)
    for (std::int64_t x = low(line.x0, line.x1); x <= high(line.x0, line.x1); ++x) {
      const double px = static_cast<double>(x) - line.x0;
      const double py = static_cast<double>(y) - line.y0;
      const double along = std::clamp((px * dx + py * dy) / length, 0.0, 1.0);
      const double away = std::hypot(px - along * dx, py - along * dy);
      const double covered = std::clamp(radius + 0.5 - away, 0.0, 1.0);
      std::uint8_t& pixel = ink[static_cast<std::size_t>(y * side + x)];
      pixel = std::max(pixel, static_cast<std::uint8_t>(255 * covered));
    }
}

void draw_symbol(std::int64_t side, double height, RandomStream& random,
                 std::span<std::uint8_t> ink) {
  std::ranges::fill(ink, std::uint8_t{0});
  const std::uint32_t kind = random.next_below(20);
  if (kind < 4) return draw_shape(side, height, random, ink);
  double pen = height * random.next_between(0.04, 0.17);
  Strokes strokes;
  if (kind < 6) {
    strokes = random_strokes(random);
  } else if (kind < 9) {
    strokes = pen_walk(random);
  } else if (kind == 9 && random.next_below(2) == 0) {
    strokes = {{{4, 4}, {4 + random.next_between(0, 1), 4 + random.next_between(0, 1)}}};
    pen = height * random.next_between(0.2, 0.5);
  } else {
    const double jitter = random.next_between(0, 0.7);
    strokes = sign_strokes(kSigns[random.next_below(static_cast<std::uint32_t>(kSigns.size()))],
                           {.jitter = jitter, .serifs = random.next_below(4) == 0}, random);
  }
  place_strokes(strokes, side, height, random);
  draw_strokes(strokes, pen, side, ink);
}

void draw_digit(std::int32_t digit, std::int64_t side, double height, RandomStream& random,
                std::span<std::uint8_t> ink) {
  std::ranges::fill(ink, std::uint8_t{0});
  const auto& ways = kWrittenDigits[static_cast<std::size_t>(digit)];
  const double pen = height * random.next_between(0.03, 0.17);
  const double jitter = random.next_between(0, 0.45);
  Strokes strokes = sign_strokes(ways[random.next_below(static_cast<std::uint32_t>(ways.size()))],
                                 {.jitter = jitter, .angular = random.next_below(4) == 0}, random);
  place_strokes(strokes, side, height, random);
  draw_strokes(strokes, pen, side, ink);
}

}  // namespace digitry
