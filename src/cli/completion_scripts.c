/* completion_scripts.c - what each shell wants to be told: they all ask `brdeck completion next -- WORD...`. */
#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>

#include "completion.h"

const char *const completion_shells[] = {"bash", "zsh", "fish", NULL};

/* bash parts words at = and :, where COMP_WORDBREAKS has them; they are put together again, and taken off what is
 * answered. */
static const char bash[] =
    "# bash completion of brdeck: source <(brdeck completion bash)\n"
    "_brdeck()\n"
    "{\n"
    "    local words=() word joins= n=-1 cut= breaks= line\n"
    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
    "        if [[ $n -ge 0 && -n $word && $word != *[!=:]* ]]; then\n"
    "            words[n]+=$word joins=1\n"
    "        elif [[ -n $joins ]]; then\n"
    "            words[n]+=$word joins=\n"
    "        else\n"
    "            n=$((n + 1)) words[n]=$word\n"
    "        fi\n"
    "    done\n"
    "    word=${words[n]}\n"
    "    [[ $COMP_WORDBREAKS == *=* ]] && breaks==\n"
    "    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:\n"
    "    [[ -n $breaks && $word == *[$breaks]* ]] && cut=${word%\"${word##*[$breaks]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "            :0) compopt -o default 2>/dev/null ;;\n"
    "            :*) ;;\n"
    "            *) line=${line%%$'\\t'*}; printf -v 'COMPREPLY[${#COMPREPLY[@]}]' %q \"${line#\"$cut\"}\" ;;\n"
    "        esac\n"
    "    done < <(\"${1/#\\~\\//$HOME/}\" completion next -- \"${words[@]}\" 2>/dev/null </dev/null)\n"
    "}\n"
    "complete -F _brdeck brdeck kubectl-brdeck\n";

/* What has been found is said by the exit code, or the next completer asks all over. */
static const char zsh[] =
    "#compdef brdeck kubectl-brdeck\n"
    "# zsh completion of brdeck: source <(brdeck completion zsh), or this as _brdeck in a folder of $fpath\n"
    "_brdeck()\n"
    "{\n"
    "    local -a lines candidates\n"
    "    local line found=1\n"
    "    lines=(\"${(@f)$(${(Q)words[1]} completion next -- \"${(@Q)words[2,CURRENT]}\" 2>/dev/null </dev/null)}\")\n"
    "    for line in \"${(@)lines[1,-2]}\"; do\n"
    "        if [[ $line == *$'\\t'* ]]; then\n"
    "            candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        else\n"
    "            candidates+=(\"${line//:/\\\\:}\")\n"
    "        fi\n"
    "    done\n"
    "    (( $#candidates )) && _describe brdeck candidates && found=0\n"
    "    [[ $lines[-1] == :0 ]] && { compset -P '*='; _files && found=0 }\n"
    "    return found\n"
    "}\n"
    "if [[ $funcstack[1] == _brdeck ]]; then\n"
    "    _brdeck \"$@\"\n"
    "else\n"
    "    compdef _brdeck brdeck kubectl-brdeck\n"
    "fi\n";

static const char fish[] =
    "# fish completion of brdeck: brdeck completion fish | source\n"
    "function __brdeck_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    set -l lines (command $words[1] completion next -- $words[2..-1] 2>/dev/null </dev/null)\n"
    "    if test (count $lines) -gt 1\n"
    "        printf '%s\\n' $lines[1..-2]\n"
    "    end\n"
    "    if test \"$lines[-1]\" = :0\n"
    "        __fish_complete_path (commandline -ct)\n"
    "    end\n"
    "end\n"
    "complete -c brdeck -f -a '(__brdeck_complete)'\n"
    "complete -c kubectl-brdeck -f -a '(__brdeck_complete)'\n";

static const char *const scripts[] = {bash, zsh, fish};

const char *completion_script(const char *shell)
{
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        if (strcmp(completion_shells[i], shell) == 0)
            return scripts[i];
    return NULL;
}
