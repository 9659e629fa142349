#!/usr/bin/env bash
# Run one study on all workers of a Cloud TPU VM, from any machine that has gcloud.
#
#   launch/tpu_vm.sh [--dry-run] --name=TPU --zone=ZONE [--project=P] [--repo=DIR_ON_VM] -- FLAG ...
#   launch/tpu_vm.sh [--dry-run] --name=TPU --zone=ZONE [--project=P] [--repo=DIR_ON_VM] --setup
#   launch/tpu_vm.sh [--dry-run] --name=TPU --zone=ZONE [--project=P] --stop
#
#   launch/tpu_vm.sh --name=pod --zone=us-central2-b --setup
#   launch/tpu_vm.sh --name=pod --zone=us-central2-b -- --config=configs/cohort_siren.py:phantom
#
# The TPU is there already, and every worker has the repository in DIR_ON_VM (inr_sae; as seen from the home folder)
# with its environment in DIR_ON_VM/.venv: --setup copies what is committed here and installs it. Images lie on worker 0
# alone, where the run's folder is written too. Exits as the study does. --stop, from another terminal, has the study
# save and end with 75; Ctrl-C only cuts the connection.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=/dev/null
. launch/quote.sh

refuse() { echo "launch/tpu_vm.sh: $1" >&2; exit 2; }

dry="" name="" zone="" project=() repo=inr_sae task=run
while [ $# -gt 0 ]; do
  case "$1" in
    --dry-run) dry=1 ;;
    --name=*) name=${1#*=} ;;
    --zone=*) zone=${1#*=} ;;
    --project=*) project=("$1") ;;
    --repo=*) repo=${1#*=} ;;
    --setup|--stop) task=${1#--} ;;
    --) shift; break ;;
    -h|--help) sed -n '2,14p' launch/tpu_vm.sh | cut -c3-; exit 0 ;;
    *) refuse "$1 is not understood; flags of the study go behind --" ;;
  esac
  shift
done
if [ -z "$name" ] || [ -z "$zone" ]; then refuse "name the TPU, as in --name=pod --zone=us-central2-b"; fi
[ -n "$repo" ] || refuse "--repo is empty"
if [ "$task" = run ]; then
  [ $# -gt 0 ] || refuse "name a study, as in -- --config=configs/cohort_siren.py"
else
  [ $# -eq 0 ] || refuse "--$task takes no flags of a study"
fi

# Do it here, or with --dry-run print it.
do_it() { if [ -n "$dry" ]; then quoted "$@"; else "$@"; fi; }
tpu() { do_it gcloud compute tpus tpu-vm "$@" "--zone=$zone" ${project[@]+"${project[@]}"} --worker=all; }

# The workers' shells read a command as text, and so what the user named is quoted once more.
dir=$(quoted "$repo")
case $task in
  run)
    # exec: the signal of --stop must find the program, not a shell that waits for it.
    tpu ssh "$name" "--command=cd $dir && exec $(quoted .venv/bin/python -m inr_sae.launch --distributed=auto "$@")"
    ;;
  setup)
    archive=$(mktemp) || exit 1
    trap 'rm -f "$archive"' EXIT
    do_it git archive --format=tar.gz "--output=$archive" HEAD || exit
    tpu scp "$archive" "$name:inr_sae.tar.gz" || exit
    # Where the system's Python is too old, uv brings one.
    tpu ssh "$name" "--command=mkdir -p $dir && tar -xzf inr_sae.tar.gz -C $dir && cd $dir || exit
      [ -x .venv/bin/pip ] ||
        { python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' && python3 -m venv .venv; } ||
        { python3 -m pip install -q --user uv && python3 -m uv venv -q --seed --clear --python 3.12 .venv; } || exit
      .venv/bin/pip install -q -e '.[tpu]'"
    ;;
  stop)
    # The brackets keep pkill from finding the shell that runs it.
    tpu ssh "$name" "--command=pkill -TERM -f '[i]nr_sae[.]launch'"
    ;;
esac
