#!/usr/bin/env bash
# Run studies on this machine, one after the other; one that was cut off goes on, one that is done is skipped.
#
#   launch/local.sh [--dry-run] [-n N] CONFIG[:SCALE] ... [-- FLAG ...]
#   launch/local.sh configs/cohort_siren.py configs/cohort_ffmlp.py
#   launch/local.sh configs/cohort_siren.py:kodak configs/cohort_ffmlp.py:kodak -- --config.signals.root=DIR
#   launch/local.sh -n 4 configs/cohort_siren.py:phantom
#
# Paths are from the root of the repository; the flags behind "--" go to every study, which runs in runs/<config>.
# -n N: as N processes that compute together, each with an NVIDIA GPU of its own where there are any. Exits with 0 only
# if all have ended well, and with 75 at once if one was stopped by SIGTERM or Ctrl-C and has saved; the same goes on.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=/dev/null
. launch/quote.sh

refuse() { echo "launch/local.sh: $1" >&2; exit 2; }

configs=() dry="" n=""
while [ $# -gt 0 ]; do
  case "$1" in
    --dry-run) dry=1 ;;
    -n) n=${2-}; shift; [[ $n =~ ^[1-9][0-9]{0,3}$ ]] || refuse "-n takes a number of processes, as in -n 4" ;;
    --) shift; break ;;
    -h|--help) sed -n '2,11p' launch/local.sh | cut -c3-; exit 0 ;;
    -*) refuse "$1 is not understood; flags of the study go behind --" ;;
    *) configs+=("$1") ;;
  esac
  shift
done
[ ${#configs[@]} -gt 0 ] || refuse "name at least one config, as in configs/cohort_ffmlp.py"

# The NVIDIA GPUs that may be used, by the names that CUDA_VISIBLE_DEVICES takes.
gpus=()
if [ -n "$n" ] && [ "${JAX_PLATFORMS-}" != cpu ] && count=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU '); then
  IFS=, read -r -a gpus <<< "${CUDA_VISIBLE_DEVICES-$(seq -s, 0 $((count - 1)))}"
  [ ${#gpus[@]} -eq 0 ] || [ "$n" -le ${#gpus[@]} ] || refuse "-n $n is more than the GPUs here, ${#gpus[@]}"
fi

pids=() asked=0 due="" # how often this script was asked to stop; the signal that has yet to be passed on
pass_on() {
  local signal=$due
  if [ -n "$signal" ] && [ ${#pids[@]} -gt 0 ]; then due="" && kill "-$signal" "${pids[@]}" 2>/dev/null; fi
}
trap 'due=INT asked=$((asked + 1)); pass_on' INT
trap 'due=TERM asked=$((asked + 1)); pass_on' TERM HUP

# Run CONFIG with the FLAGs to its end; leaves the exit code that tells most in $status.
run() {
  local i before code config=$1 port="" started=() words
  shift
  if [ "${n:-1}" -gt 1 ]; then
    # A port that nobody listens on, below those that the system hands out itself.
    while port=$((20000 + RANDOM % 12000)); (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  fi
  # A process group for each: a terminal sends Ctrl-C to this script's alone, and no process gets it twice.
  set -m
  for ((i = 0; i < ${n:-1}; i++)); do
    words=(python -m inr_sae.launch "--config=$config" "$@")
    [ -z "$port" ] || words+=("--distributed=127.0.0.1:$port,$n,$i")
    [ ${#gpus[@]} -eq 0 ] || words=(env "CUDA_VISIBLE_DEVICES=${gpus[i]}" "${words[@]}")
    if [ -n "$dry" ]; then
      quoted "${words[@]}"
    else
      "${words[@]}" < /dev/null &
      started+=($!)
    fi
  done
  set +m
  pids=(${started[@]+"${started[@]}"}) status=0
  pass_on # what came while they were being started
  for i in ${pids[@]+"${!pids[@]}"}; do
    while before=$asked; wait "${pids[i]}"; code=$?; [ "$before" != "$asked" ]; do :; done # a trap cuts a wait short
    # 134 says of a process that another one is gone, whose own code tells more.
    case $status in 0|134) [ $code -eq 0 ] || status=$code ;; esac
  done
  pids=()
}

failed=0
for i in "${!configs[@]}"; do
  [ $asked -eq 0 ] || exit 75 # asked to stop in between
  run "${configs[i]}" "$@"
  [ $status -ne 75 ] || { echo "launch/local.sh: ${configs[i]} stopped; the same command goes on" >&2; exit 75; }
  if [ $status -ne 0 ]; then
    echo "launch/local.sh: ${configs[i]} stopped" >&2
    [ $asked -eq 0 ] || exit $status
    failed=1
  fi
done
exit $failed
