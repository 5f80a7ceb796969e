// Package sandbox runs a command in namespaces of its own, in which a kubelet and a
// container runtime can work as they do on a machine of theirs: network, mounts,
// processes and host name. The machine stays as it is:
//
//   - Debian's packages are fetched and unpacked into the cache, and laid over /usr and
//     /etc for the command alone. Nothing is installed, no service starts.
//   - What is written to /etc, /usr, /var/lib, /var/log and /run goes into the command's
//     own folder.
//   - The kernel's settings that a kubelet changes for the whole machine are hidden from
//     it behind files that have the values it wants. They are compared at the end all the
//     same, and put back where they differ.
//   - Control groups are made under one of the sandbox's own, which is removed.
//
// When the command ends, or this process dies, the kernel ends all that was started
// in the sandbox, and takes its mounts and its network away.
//
// It needs root on Linux, Debian's package tools, and nothing else.
package sandbox
