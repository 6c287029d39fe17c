/* screentest_text.c - the words and texts of a step. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screentest.h"

static const struct escape {
    char letter, byte;
} escapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'e', '\033'}, {'\\', '\\'}, {'"', '"'}, {'$', '$'}};

static const char *put_escape(FILE *out, const char *in)
{
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (escapes[i].letter == *in) {
            putc(escapes[i].byte, out);
            return in + 1;
        }
    if (*in == 'x' && in[1] && in[2]) {
        char digits[] = {in[1], in[2], '\0'};
        putc((int)strtol(digits, NULL, 16), out);
        return in + 3;
    }
    putc('\\', out);
    return in;
}

static const char *put_variable(FILE *out, const char *in, const char *end)
{
    char name[100];
    snprintf(name, sizeof name, "%.*s", (int)(end - in), in);
    const char *value = getenv(name);
    fputs(value ? value : "", out);
    return end + 1;
}

char *step_text(const char *rest)
{
    char *text = NULL;
    size_t size = 0, length = strlen(rest);
    FILE *out = open_memstream(&text, &size);
    bool quoted = length >= 2 && rest[0] == '"' && rest[length - 1] == '"';
    const char *end = rest + length - (quoted ? 1 : 0);
    for (const char *in = rest + (quoted ? 1 : 0); in < end;) {
        const char *brace = in[0] == '$' && in[1] == '{' ? strchr(in, '}') : NULL;
        if (brace)
            in = put_variable(out, in + 2, brace);
        else if (quoted && *in == '\\')
            in = put_escape(out, in + 1);
        else
            putc(*in++, out);
    }
    fclose(out);
    return text;
}

double step_seconds(char **rest, double otherwise)
{
    char *end;
    double seconds = strtod(*rest, &end);
    if (end == *rest || *end != ' ' || !strchr("0123456789.", **rest))
        return otherwise;
    *rest = end + strspn(end, " ");
    return seconds;
}

bool step_number(char **rest, int *number)
{
    char *end;
    long value = strtol(*rest, &end, 10);
    if (end == *rest || (*end && *end != ' '))
        return false;
    *rest = end + strspn(end, " ");
    *number = (int)value;
    return true;
}
