//go:build !linux

package cluster

import "syscall"

// boundAttributes: other systems cannot bind a child's life to its parent's; a
// test binary that is killed leaves the cluster running.
func boundAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// freeAttributes: the child outlives this process and its terminal.
func freeAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// isRunning says whether there is a process of that id.
func isRunning(pid int, _ string) bool { return syscall.Kill(pid, 0) == nil }
