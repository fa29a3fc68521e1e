#!/usr/bin/env bash
# Which libtorch tools/setup takes, on made-up machines: python3, nvidia-smi, dpkg-query and apt are stand-ins on the PATH.
#
# usage: setup_test.sh SOURCE
set -euo pipefail
source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
export PATH="$folder/bin:$PATH" FOLDER=$folder
unset NESCIO_LIBTORCH

cat >"$folder/bin/dpkg-query" <<'STUB'
#!/usr/bin/env bash
for package in "${@:3}"; do
  if [[ $package != "$ABSENT" ]]; then echo "installed $package"; fi
done
STUB
# $ABSENT: a package that the release does not have.
for name in apt-get apt-cache; do
  printf '#!/usr/bin/env bash\n[[ -z $ABSENT || "$*" != *"$ABSENT"* ]]\n' >"$folder/bin/$name"
done
# $CONFIG: what `pip config list` says; $REACHED: whether the address answers; $REFUSED: an index that has no torch.
cat >"$folder/bin/python3" <<'STUB'
#!/usr/bin/env bash
case "$*" in
  '-m pip --version') ;;
  '-m pip config list') printf '%s' "$CONFIG" ;;
  '-m pip install '*)
    echo "$*" >>"$FOLDER/installs"
    if [[ -n $REFUSED && "$*" == *"$REFUSED"* ]]; then exit 1; fi
    words="$*"
    part=${words#*--target }
    part=${part%% *}
    mkdir -p "$part/torch/lib" "$part/torch/include/torch/csrc/api/include/torch"
    touch "$part/torch/lib/libtorch_cpu.so" "$part/torch/include/torch/csrc/api/include/torch/torch.h" ;;
  '-c '*) [[ $REACHED == yes ]] ;;
  *) exit 1 ;;  # no torch that python3 could import
esac
STUB
chmod +x "$folder/bin/"*

failures=0
# expect NAME WORDS PIP_WORDS: what setup says, and how pip was called the last time ('!' before: not with these).
expect() {
  rm -rf "$folder/home" "$folder/installs"
  mkdir "$folder/home"
  local said
  said=$(HOME=$folder/home "$source/tools/setup" 2>&1) || true
  local last wanted=${3#!}
  last=$(tail -n 1 "$folder/installs" 2>/dev/null) || last=
  local found=no
  if [[ $last == *"$wanted"* ]]; then found=yes; fi
  if [[ $said == *"$2"* && -e $folder/home/.cache/nescio/libtorch/torch/lib/libtorch_cpu.so ]] &&
    [[ $found == "$([[ $3 == !* ]] && echo no || echo yes)" ]]; then return; fi
  echo "$1: expected setup to say '$2' and pip to be called with '$3'; setup said:"
  echo "$said"
  echo "pip was called: $last"
  failures=$((failures + 1))
}

cpu='--index-url https://download.pytorch.org/whl/cpu'
export CONFIG='' REACHED=yes REFUSED='' ABSENT=''
expect 'no card' 'the CPU build from https://download.pytorch.org/whl/cpu' "$cpu"
REACHED=no
expect 'no card, address out of reach' 'cannot be reached' "!--index-url"
REACHED=yes
for CONFIG in "global.index-url='https://pip.example/simple'" ":env:.find-links='/srv/wheels'" \
  "user.extra-index-url='https://pip.example/more'" "global.no-index='true'"; do
  expect "pip is set up: $CONFIG" 'from where pip is set up to look' "!--index-url"
done
CONFIG="global.timeout='60'"
expect 'pip is set up in other ways' 'the CPU build from' "$cpu"
REFUSED=$cpu
expect 'the index lacks this version' 'taking the build that pip finds elsewhere' "!--index-url"
REFUSED=
printf '#!/usr/bin/env bash\necho "GPU 0: a card (UUID: 1)"\n' >"$folder/bin/nvidia-smi"
chmod +x "$folder/bin/nvidia-smi"
expect 'a card' 'with CUDA, for this machine' "!--index-url"
printf '#!/usr/bin/env bash\necho "No devices were found"\nexit 6\n' >"$folder/bin/nvidia-smi"
expect 'a driver without a card' 'the CPU build from' "$cpu"
ABSENT=clang-format-14
expect 'a release without the formatter' 'this release has no clang-format-14' "$cpu"
exit $((failures > 0))
