#include <config.h>

#include <brdeck/conf/theme.h>

#include <stdlib.h>

/* What xterm shows for its first sixteen; other terminals come near. */
static const uint8_t base_colors[16][3] = {
    {0, 0, 0},       {205, 0, 0},   {0, 205, 0},   {205, 205, 0},   {0, 0, 238},     {205, 0, 205},
    {0, 205, 205},   {229, 229, 229}, {127, 127, 127}, {255, 0, 0},   {0, 255, 0},     {255, 255, 0},
    {92, 92, 255},   {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
};

/* The levels of the 6 x 6 x 6 cube from 16 to 231; the greys after it are 8, 18 .. 238. */
static const int cube_levels[6] = {0, 95, 135, 175, 215, 255};
enum { CUBE_FIRST = 16, GREY_FIRST = 232, GREYS = 24 };

struct rgb {
    int r, g, b;
};

static struct rgb rgb_of(struct theme_color color)
{
    if (color.kind == COLOR_RGB_KIND)
        return (struct rgb){color.r, color.g, color.b};
    if (color.index < CUBE_FIRST) {
        const uint8_t *base = base_colors[color.index];
        return (struct rgb){base[0], base[1], base[2]};
    }
    if (color.index >= GREY_FIRST) {
        int grey = 8 + 10 * (color.index - GREY_FIRST);
        return (struct rgb){grey, grey, grey};
    }
    int cube = color.index - CUBE_FIRST;
    return (struct rgb){cube_levels[cube / 36], cube_levels[cube / 6 % 6], cube_levels[cube % 6]};
}

static int square(int n) { return n * n; }

static int differ(struct rgb a, struct rgb b) { return square(a.r - b.r) + square(a.g - b.g) + square(a.b - b.b); }

static int nearest_base(struct rgb rgb, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++) {
        struct theme_color base = {.kind = COLOR_INDEX_KIND, .index = (uint8_t)i};
        struct theme_color least = {.kind = COLOR_INDEX_KIND, .index = (uint8_t)best};
        if (differ(rgb, rgb_of(base)) < differ(rgb, rgb_of(least)))
            best = i;
    }
    return best;
}

static int nearest_level(int value)
{
    int best = 0;
    for (int i = 1; i < 6; i++)
        if (abs(value - cube_levels[i]) < abs(value - cube_levels[best]))
            best = i;
    return best;
}

static int nearest_256(struct rgb rgb)
{
    int r = nearest_level(rgb.r), g = nearest_level(rgb.g), b = nearest_level(rgb.b);
    int step = ((rgb.r + rgb.g + rgb.b) / 3 - 3) / 10;
    step = step < 0 ? 0 : step >= GREYS ? GREYS - 1 : step;
    struct rgb cube = {cube_levels[r], cube_levels[g], cube_levels[b]};
    struct rgb grey = {8 + 10 * step, 8 + 10 * step, 8 + 10 * step};
    return differ(rgb, grey) < differ(rgb, cube) ? GREY_FIRST + step : CUBE_FIRST + 36 * r + 6 * g + b;
}

/* Among eight colours nothing is near to it. */
static bool is_middle_grey(struct rgb rgb)
{
    int most = rgb.r > rgb.g ? rgb.r : rgb.g, least = rgb.r < rgb.g ? rgb.r : rgb.g;
    most = most > rgb.b ? most : rgb.b;
    least = least < rgb.b ? least : rgb.b;
    return most - least < 32 && most > 40 && least < 190;
}

int theme_lower(struct theme_color color, int colors)
{
    if (color.kind == COLOR_DEFAULT_KIND || colors < 8)
        return -1;
    bool indexed = color.kind == COLOR_INDEX_KIND;
    if (indexed && color.index < 8)
        return color.index;
    struct rgb rgb = rgb_of(color);
    if (colors > 256) /* there the first eight numbers are not colours by light */
        return rgb.r << 16 | rgb.g << 8 | (rgb.b > 7 || rgb.r || rgb.g ? rgb.b : 8);
    if (colors == 256)
        return indexed ? color.index : nearest_256(rgb);
    if (indexed && color.index < 16)
        /* Bright black is grey: black in its place could not be seen. */
        return colors >= 16 ? color.index : color.index == 8 ? -1 : color.index - 8;
    return colors < 16 && is_middle_grey(rgb) ? -1 : nearest_base(rgb, colors >= 16 ? 16 : 8);
}
