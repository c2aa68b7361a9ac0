# SPDX-License-Identifier: MIT
# packages.sh: sourced by cli/quickstart and tests/run: sees to what they need of the system.
# shellcheck shell=bash

# What building takes: how to see whether it is there, and the Debian packages, any one of which
# brings it.  cmd: a command; pc: a pkg-config module, or any of several; py: a Python module.
PACKAGES_BUILD=(
	"cmd:cc build-essential"
	"cmd:cmake cmake"
	"cmd:ninja ninja-build"
	"cmd:pkg-config pkg-config"
	"pc:msgpack-c,msgpack libmsgpack-c-dev,libmsgpack-dev"
	"pc:libzstd libzstd-dev"
	"pc:libxxhash libxxhash-dev"
	"pc:libelf libelf-dev"
	"pc:zlib zlib1g-dev"
	"cmd:/usr/bin/python3 python3"
)

# Whether what a row's first word names is there.
packages_present()
{
	local kind=${1%%:*} names=${1#*:} name

	for name in ${names//,/ }; do
		case $kind in
		cmd) command -v "$name" >/dev/null ;;
		pc) pkg-config --exists "$name" 2>/dev/null ;;
		py) /usr/bin/python3 -c "import $name" 2>/dev/null ;;
		# The compiler's runtime library for sanitizers, a package of its own.
		rt) echo 'int main(void) { return 0; }' |
			"$name" -fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null ;;
		esac && return 0
	done
	return 1
}

# The first of the comma-separated packages that this system can install.
packages_pick()
{
	local name

	for name in ${1//,/ }; do
		# Not piped into grep -q: that ends early, which pipefail takes for a failure.
		if [[ $(apt-cache show "$name" 2>/dev/null) == *Package:* ]]; then
			echo "$name"
			return 0
		fi
	done
	return 1
}

# Run apt-get, as root; show what it says only if it fails.
packages_apt()
{
	local root=() said

	[ "$(id -u)" -eq 0 ] || root=(sudo)
	said=$("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" 2>&1) || {
		printf '%s\n' "$said" | tail -n 20 >&2
		return 1
	}
}

# Install what is missing of the rows given.  Says which packages it installs; where it cannot, it
# names them and returns 1.
packages_require()
{
	local row missing=() names=() name

	for row in "$@"; do
		packages_present "${row%% *}" || missing+=("${row#* }")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "please install what these Debian packages hold:" "${missing[@]//,/ or }" >&2
		return 1
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		echo "not root and no sudo; please install:" "${missing[@]//,/ or }" >&2
		return 1
	fi
	for row in "${missing[@]}"; do
		packages_pick "$row" >/dev/null || { packages_apt update || return 1; break; }
	done
	for row in "${missing[@]}"; do
		name=$(packages_pick "$row") || {
			echo "this system has no package ${row//,/ or }" >&2
			return 1
		}
		case " ${names[*]} " in *" $name "*) ;; *) names+=("$name") ;; esac
	done
	echo "installing ${names[*]}" >&2
	# A stale list names files that are gone: refresh it and try once more.
	packages_apt install -y --no-install-recommends "${names[@]}" || {
		packages_apt update &&
			packages_apt install -y --no-install-recommends "${names[@]}"
	} || {
		echo "apt-get could not install ${names[*]}" >&2
		return 1
	}
}

# The package that holds clang's sanitizers: named after clang's version on older systems.
packages_clang_runtime()
{
	local version

	version=$(apt-cache depends clang 2>/dev/null | grep -oE 'clang-[0-9]+' | head -n 1)
	echo "libclang-rt-${version#clang-}-dev,libclang-rt-dev"
}
