/* Any text: a point in time, or refused with a reason; what is read is written and read back as the same. */
#include <config.h>

#include "target.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/tso.h>
#include <brdeck/base/alloc.h>

#define NOW INT64_C(1795356000000) /* 2026-11-22T14:00:00Z */

static void check_round(tso_t ts, enum tso_style style)
{
    char text[TSO_TEXT_MAX];
    tso_t again = 0;
    struct error err;
    tso_format(ts, style, NOW, text);
    if (text[0] == '-' || tso_to_ms(ts) / 1000 == 0 || tso_to_ms(ts) > INT64_C(253402300799000)) /* the year 9999 */
        return;
    MUST(tso_parse(text, NOW, &again, NULL, &err));
    MUST(style == TSO_NUMBER ? again == ts : tso_to_ms(again) == tso_to_ms(ts) / 1000 * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    struct error err = {0};
    tso_t ts = 0;
    bool zoneless = false;
    if (tso_parse(text, NOW, &ts, &zoneless, &err)) {
        MUST(ts != 0 && err.code == ERROR_NONE);
        check_round(ts, TSO_NUMBER);
        check_round(ts, TSO_RFC3339);
        check_round(ts, TSO_LOCAL);
    } else {
        MUST(ts == 0 && err.code == ERROR_INPUT && err.text[0]);
    }
    tso_from_status(text);
    free(text);
    return 0;
}
