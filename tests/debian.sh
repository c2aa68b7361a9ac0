# SPDX-License-Identifier: MIT
# debian.sh: sourced by tests/interpreters and tests/cross: packages of other releases and machines,
# downloaded by a configuration of apt's apart from the system's own, and unpacked into a folder.
# shellcheck shell=bash

# What this system is set up to use of Debian, "RELEASE ARCHIVE"; nothing if it uses nothing of it.
debian_source()
{
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Identifier: Packages' \
		2>/dev/null | awk '$1 == "Debian" && $2 !~ /-/ { print $2, $3; exit }'
}

# Write the configuration for release $1 and machine $3 into folder $2, unless it is there.
debian_configure()
{
	local release=$1 apt=$2 machine=$3 source

	[ -e "$apt/apt.conf" ] && return 0
	source=$(debian_source)
	[ -n "$source" ] || return 1
	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/none" && : >"$apt/status"
	printf 'deb [signed-by=%s] %s %s main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg "${source#* }" "$release" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::State "$apt";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "$apt/none";
		Dir::Etc::preferencesparts "$apt/none";
		Acquire::Languages "none";
		Acquire::Retries "0";
		Acquire::Check-Valid-Until "false"; // archives that are kept as they were on a day
		Acquire::http::Timeout "15";
		Acquire::https::Timeout "15";
		APT::Architecture "$machine";
		APT::Architectures { "$machine"; };
		APT::Install-Recommends "0";
		APT::Sandbox::User "root";
	END
}

# Unpack the packages from $4 on, with all that they need, of release $1 for machine $2 into folder
# $3, which is made anew.  The folder beside it called apt-RELEASE keeps lists of packages.
debian_unpack()
{
	local release=$1 machine=$2 root=$3 apt package

	shift 3
	apt=$(dirname "$root")/apt-$release
	debian_configure "$release" "$apt" "$machine" || return 1
	export APT_CONFIG=$apt/apt.conf
	[ -e "$apt/updated" ] || apt-get -q update >/dev/null 2>&1 || return 1
	: >"$apt/updated"
	rm -rf "$apt/archives" "$root"
	mkdir -p "$apt/archives/partial" "$root"
	apt-get -q -y --download-only install "$@" >/dev/null 2>&1 || {
		rm -f "$apt/updated" # what the lists name may be gone: the next time with new ones
		return 1
	}
	for package in "$apt"/archives/*.deb; do
		dpkg -x "$package" "$root" || return 1
	done
	# Newer releases have nothing but links in the folders that older ones have at the top, and
	# those links are part of a package that is not always needed.
	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
}
