/* role.h - the style in which a role of the model is drawn. */
#ifndef BRDECK_TUI_ROLE_H
#define BRDECK_TUI_ROLE_H

#include <brdeck/backup/state.h>
#include <brdeck/conf/theme.h>

static inline enum style style_of_role(enum role role)
{
    static const unsigned char styles[ROLE_COUNT] = {
        [ROLE_TEXT] = STYLE_TEXT, [ROLE_DIM] = STYLE_DIM,   [ROLE_LABEL] = STYLE_LABEL, [ROLE_TITLE] = STYLE_TITLE,
        [ROLE_OK] = STYLE_OK,     [ROLE_BUSY] = STYLE_BUSY, [ROLE_WARN] = STYLE_WARN,   [ROLE_CRIT] = STYLE_CRIT,
    };
    return (unsigned)role < ROLE_COUNT ? (enum style)styles[role] : STYLE_TEXT;
}

#endif
