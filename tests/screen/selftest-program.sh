#!/bin/bash
# A full-screen program in a few lines of shell, for the self-test of screentest: it takes the
# terminal, draws, echoes each line it is given, and gives the terminal back.
take() { saved=$(stty -g); stty -echo; printf '\033[?1049h\033[?25l\033[?2004h'; draw; }
give() { printf '\033[?2004l\033[?25h\033[?1049l'; stty "$saved"; }
draw()
{
    size=$(stty size)
    printf '\033[2J\033[H'
    if [ "$size" = '1 1' ]; then printf 1; else draw_wide; fi # libvterm 0.1.4 dies of a wide character in one column
}
draw_wide()
{
    printf '\033[1mtitle\033[0m of %s\r\n' "$size"
    printf '\033[7mreversed\033[0m \033[31mred\033[0m \033[48;5;24mon blue\033[0m wide 語 end\r\n'
    printf 'process %08d\r\n' "$$"
    printf '\033[5;3H'
}
trap 'give; echo terminated; exit 3' TERM
trap 'give; exit 4' HUP
trap 'draw' WINCH
take
typed=
while :; do
    # bash runs traps between reads only, and goes on with a read that SIGWINCH interrupts: so short ones.
    IFS= read -r -t 0.05 line; code=$?
    typed=$typed$line
    [ $code -gt 128 ] && continue
    [ $code -ne 0 ] && break
    line=$typed typed=
    case $line in
    quit) break ;;
    flood) i=0; while [ $i -lt 20000 ]; do echo "flooding the terminal with line $i"; i=$((i + 1)); done; draw ;;
    leave) exit 5 ;; # without giving it back
    '') ;;
    *) printf '\033[4;1H\033[K%s\033[5;3H' "$(printf %s "$line" | cat -v)" ;;
    esac
done
give
echo bye
