# fish completion of brdeck: brdeck completion fish | source
function __brdeck_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (command $words[1] completion next -- $words[2..-1] 2>/dev/null </dev/null)
    if test (count $lines) -gt 1
        printf '%s\n' $lines[1..-2]
    end
    if test "$lines[-1]" = :0
        __fish_complete_path (commandline -ct)
    end
end
complete -c brdeck -f -a '(__brdeck_complete)'
complete -c kubectl-brdeck -f -a '(__brdeck_complete)'
