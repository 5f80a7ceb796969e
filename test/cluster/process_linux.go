package cluster

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// boundAttributes: the child dies with the thread that started it, and a
// terminal's Ctrl-C is left to this process, which stops all in order.
func boundAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// freeAttributes: the child outlives this process and its terminal.
func freeAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// isRunning says whether the process is there and is one of the folder's: after
// a reboot the id may be another program's. A zombie has no working folder and
// counts as gone.
func isRunning(pid int, dir string) bool {
	at, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		return false
	}
	folder, err := filepath.EvalSymlinks(dir)
	return err == nil && at == folder
}
