/* style_text.h - a style as a theme file writes it. */
#ifndef BRDECK_CONF_STYLE_TEXT_H
#define BRDECK_CONF_STYLE_TEXT_H

#include <stdbool.h>

#include <brdeck/base/error.h>
#include <brdeck/conf/theme.h>

/* "[fg] [on bg] [bold] [dim] [underline] [reverse]", in any order. False and @err without a place: what is
 * wrong with it; *style is then untouched. */
bool style_parse(const char *text, struct theme_style *style, struct error *err);

#endif
