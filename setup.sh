#!/bin/bash
# Sets up a fresh Debian 12 machine with git, Node and npm to run, demonstrate and test sipexpectd: Debian packages,
# npm packages, the C addon, the TypeScript build. Running it again does only what is missing. Needs root.
# It speaks on standard error, so that the output of what is run behind it (`npm run demo -- --json`) stays its own.
set -eu

packages=(
	build-essential python3            # to build the C addon (node-gyp is written in Python)
	iptables nftables kmod             # the rules, and the modules they need
	iproute2 conntrack util-linux      # the lab: namespaces, what the kernel tracks, unprivileged runs
	sip-tester baresip-core tcpdump    # the lab: SIP from others' hands, and a look at it
)

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# Runs a command that is not to be heard unless it fails: then its first complaint is shown, and where the rest is.
quietly() { # what went wrong, what to do about it, the command
	local problem=$1 remedy=$2 log complaint
	shift 2
	log=$(mktemp --tmpdir sipexpectd-setup.XXXXXX.log)
	if "$@" >"$log" 2>&1 </dev/null; then rm "$log"; return; fi
	complaint=$(grep -iE '^E: |err(or|!)' "$log" | grep -vE '^npm error( code .*| errno .*| syscall .*)?$' | head -n 1)
	fail "$problem (${complaint:-it gave no reason}); $remedy; all of it: $log"
}

need_root() {
	[ "$(id -u)" = 0 ] ||
		fail "must run as root, not as uid $(id -u): it installs packages, and the tests make network namespaces; use sudo"
}

need_node() {
	local version
	version=$(node -p process.versions.node 2>/dev/null) ||
		fail "Node is not installed: install Node 20 or newer with npm"
	[ "${version%%.*}" -ge 20 ] || fail "Node $version is too old: install Node 20 or newer"
	command -v npm >/dev/null || fail "npm is not installed: install the npm that belongs to Node $version"
}

debian_packages() {
	local installed missing=() package
	installed=$(dpkg-query --show --showformat '${Package}=${db:Status-Status}\n' "${packages[@]}" 2>/dev/null) || true
	for package in "${packages[@]}"; do
		grep -qx "$package=installed" <<<"$installed" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || { say "Debian packages: nothing missing"; return; }
	say "Debian packages: installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	local remedy="look at /etc/apt/sources.list and the network"
	quietly "apt cannot read its package sources" "$remedy" apt-get update
	quietly "apt has no source for all of them" "$remedy" \
		apt-get install --yes --no-install-recommends "${missing[@]}"
}

# What is built in needs no loading, and what is a module is loaded by the kernel or here.
netfilter() {
	local remedy="run a kernel that has it (in a container, the host's), such as Debian's linux-image-amd64"
	if [ ! -e /sys/module/nf_nat_sip ]; then
		modprobe --quiet --all nf_conntrack nf_conntrack_netlink nfnetlink_queue nf_nat_sip 2>/dev/null || true
	fi
	[ -e /proc/sys/net/netfilter/nf_conntrack_max ] ||
		fail "this kernel has no connection tracking (nf_conntrack): $remedy"
	[ -e /proc/net/netfilter/nfnetlink_queue ] || fail "this kernel has no NFQUEUE (nfnetlink_queue): $remedy"
	conntrack --count >/dev/null 2>&1 || fail "this kernel has no ctnetlink (nf_conntrack_netlink): $remedy"
	[ -e /sys/module/nf_nat_sip ] || grep -q ' nf_nat_sip_expected' /proc/kallsyms ||
		fail "this kernel has no nf_nat_sip, whose function moves a media flow to its phone: $remedy"
	say "netfilter: conntrack, ctnetlink, NFQUEUE and nf_nat_sip are there"
}

# npm notes in node_modules/.package-lock.json what it has installed; packages of other platforms are not in it.
npm_packages_match() {
	node - <<-'JS'
		const read = (file) => JSON.parse(require("node:fs").readFileSync(file, "utf8")).packages;
		try {
		  const wanted = read("package-lock.json"), installed = read("node_modules/.package-lock.json");
		  const matches = Object.entries(wanted).every(([path, { integrity, optional }]) =>
		    path === "" || installed[path]?.integrity === integrity || (optional && !(path in installed)));
		  process.exitCode = matches && Object.keys(installed).every((path) => path in wanted) ? 0 : 1;
		} catch {
		  process.exitCode = 1; // Nothing is installed yet.
		}
	JS
}

npm_packages() {
	if npm_packages_match; then say "npm packages: as package-lock.json says"; return; fi
	say "npm packages: installing what package-lock.json says"
	quietly "npm ci failed" "look at the network and npm's registry setting" npm ci --include=dev --no-audit --no-fund
}

# The addon is plain Node-API, so one build serves every Node: only its own sources make it stale.
addon() {
	local stamp=native/build/built-from sources prefix
	sources=$(cat native/*.c native/*.h native/binding.gyp | sha256sum)
	if [ -e native/build/Release/sipexpectd.node ] && [ "$sources" = "$(cat $stamp 2>/dev/null)" ]; then
		say "addon: up to date"
		return
	fi
	say "addon: building"
	# Headers installed beside Node are used; without them node-gyp downloads those of this version.
	prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
	[ -e "$prefix/include/node/node_api.h" ] && set -- --nodedir="$prefix" || set --
	quietly "the addon cannot be built" "npm run build:native shows why" npm run --silent build:native -- "$@"
	echo "$sources" >$stamp
}

typescript() {
	quietly "the TypeScript sources have errors" "npx tsc shows them" node_modules/.bin/tsc
	# npx starts it as a program; npm itself sees to that only where it installs the package.
	chmod +x dist/src/cli/main.js
	say "TypeScript: built"
}

need_root
cd "$(dirname "${BASH_SOURCE[0]}")"
need_node
debian_packages
netfilter
npm_packages
addon
typescript
