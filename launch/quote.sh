# shellcheck shell=bash
# Sourced by the other scripts. quoted WORD ... prints the words in one line that a shell reads as just these words.
quoted() {
  local word line=""
  for word; do
    case $word in
      "" | *[!A-Za-z0-9_./:=,@%+-]*) word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'" ;;
    esac
    line+=" $word"
  done
  printf '%s\n' "${line:1}"
}
