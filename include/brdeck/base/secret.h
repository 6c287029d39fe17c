/* secret.h - what must not be seen, told by one list: of lines of a log, command lines and JSON. */
#ifndef BRDECK_BASE_SECRET_H
#define BRDECK_BASE_SECRET_H

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

/* What stands for a secret: in a line for a shell a word that needs no quotes. What is blotted already stays so. */
#define SECRET_IN_TEXT "<redacted>"
#define SECRET_IN_ARGV "REDACTED"

/* Append @len bytes of @text with @blot for the values of keys that are secret ("sas-token=...", "--crypter.key ...",
 * "\"secretAccessKey\":\"...\"") and for the password of a URL ("http://user:...@host"; the user stays). */
void secret_blot(struct str *out, const char *text, size_t len, const char *blot);
/* The same for a text in a buffer of @size bytes, which it may fill and be cut by. */
void secret_blot_buffer(char *text, size_t size);
void secret_blot_error(struct error *err);
/* The same for one word of a command line: the value of a flag that is secret goes on to the word's end. The caller
 * frees. */
char *secret_blot_word(const char *word, const char *blot);
/* Whether @word holds a secret, or is a flag ("--crypter.key") that makes one of the word after it. */
bool secret_in_word(const char *word);
bool secret_is_flag(const char *word);
/* A copy in which the strings are blotted, and those of members whose names say so wholly; the caller frees. */
struct json *secret_blot_json(const struct json *json);
/* The same of a Kubernetes object, in which any value of spec.env may be a secret, and whose annotation
 * last-applied-configuration holds all of it once more. */
struct json *secret_blot_object(const struct json *object);

#endif
