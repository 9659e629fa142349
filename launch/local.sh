#!/usr/bin/env bash
# Run several studies on this machine, one after the other; a study that was cut off goes on, one that is done is skipped.
#
#   launch/local.sh [--dry-run] CONFIG[:SCALE] ... [-- FLAG ...]
#   launch/local.sh configs/cohort_siren.py configs/cohort_ffmlp.py
#   launch/local.sh configs/cohort_siren.py:kodak configs/cohort_ffmlp.py:kodak -- --config.signals.root=DIR
#
# The flags behind "--" go to every study; each runs in runs/<config>. Exits with 0 only if all have ended well.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

configs=() dry=""
while [ $# -gt 0 ]; do
  case "$1" in
    --dry-run) dry="echo" ;;
    --) shift; break ;;
    -h|--help) sed -n '2,8p' "$0" | cut -c3-; exit 0 ;;
    *) configs+=("$1") ;;
  esac
  shift
done
if [ ${#configs[@]} -eq 0 ]; then
  echo "launch/local.sh: name at least one config, as in configs/cohort_ffmlp.py" >&2
  exit 2
fi

failed=0
for config in "${configs[@]}"; do
  $dry python -m inr_sae.launch "--config=$config" "$@" || { echo "launch/local.sh: $config stopped" >&2; failed=1; }
done
exit $failed
