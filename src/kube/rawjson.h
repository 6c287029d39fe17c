/* rawjson.h - looking into JSON text without a tree: where a value ends, where a member is.
 *
 * For text whose brackets the splitter has already matched. What is no JSON is not found; nothing here
 * reads past its end.
 */
#ifndef BRDECK_KUBE_RAWJSON_H
#define BRDECK_KUBE_RAWJSON_H

#include <stdbool.h>
#include <stddef.h>

/* What a byte means to a scanner outside of strings. */
enum raw_class { RAW_OTHER, RAW_QUOTE, RAW_OPEN, RAW_CLOSE };
extern const unsigned char raw_classes[256];

struct raw {
    const char *text; /* of the value, as it stands: strings with their quotes */
    size_t len;
};

/* The member @key (which needs no escapes) of the object @text; false when there is none. */
bool raw_member(const char *text, size_t len, const char *key, struct raw *value);
/* Whether @value is the string @text (which needs no escapes). */
bool raw_is_string(const struct raw *value, const char *text);
/* Copy of a string without escapes (a resourceVersion, a type), for free(); NULL when it is none such. */
char *raw_string(const struct raw *value);

#endif
