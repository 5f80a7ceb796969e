package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Ports are chosen below the range that systems take for outgoing connections
// (32768 and up on Linux). Clients of an API server that is being restarted
// dial its port all the time; out of that range one of them would sooner or
// later get the port for its own end and the server could not listen.
const (
	lowestPort  = 15000
	highestPort = 32000
	portTries   = 1000
)

// ports are what the parts listen on, all on 127.0.0.1 but for Options.Address.
type ports struct{ API, Etcd, Peer, Registry int }

func (p *ports) all() []*int { return []*int{&p.API, &p.Etcd, &p.Peer, &p.Registry} }

// FreePort returns a port of 127.0.0.1 that nothing listens on and that no
// outgoing connection will take, for a server that the test starts. It gives no other
// caller that port while this process runs.
func FreePort() (int, error) {
	ports, err := freePorts(1)
	if err != nil {
		return 0, err
	}
	return ports[0], nil
}

// freePorts returns different free ports: it listens on all of them before it
// gives any back.
func freePorts(n int) (found []int, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range portTries {
		if len(found) == n {
			return found, nil
		}
		port := lowestPort + rand.IntN(highestPort-lowestPort) //nolint:gosec // a port is no secret
		var l net.Listener
		if l, err = listen(port); err == nil {
			held = append(held, l)
			if err = reserve(port); err == nil {
				found = append(found, port)
			}
		}
	}
	return nil, errors.Join(errors.New("finding free ports on 127.0.0.1: all tried ones are taken"), err)
}

// reserved keeps the files of reserve open until the process ends.
var reserved struct { //nolint:gochecknoglobals // the process's own, as its ports are
	sync.Mutex
	files []*os.File
}

// reserve keeps a port for this process: until its server listens, which on a busy machine
// takes seconds, it would be free for any other cluster that starts meanwhile, of this
// process or another. It is an error where another has it.
func reserve(port int) error {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("garboard-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(err, f.Close())
	}
	reserved.Lock()
	defer reserved.Unlock()
	reserved.files = append(reserved.files, f)
	return nil
}

func newPorts() (ports, error) {
	var p ports
	fields := p.all()
	free, err := freePorts(len(fields))
	if err != nil {
		return ports{}, err
	}
	for i, field := range fields {
		*field = free[i]
	}
	return p, nil
}

// free says why one of the ports cannot be listened on.
func (p ports) free() error {
	for _, port := range p.all() {
		l, err := listen(*port)
		if err != nil {
			return fmt.Errorf("using the ports of the last start: %w", err)
		}
		_ = l.Close()
	}
	return nil
}

func listen(port int) (net.Listener, error) {
	return net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
}

const loopbackAddress = "127.0.0.1"

func loopback(port int) string { return net.JoinHostPort(loopbackAddress, strconv.Itoa(port)) }

// played says whether this package plays the nodes; otherwise they are the caller's.
func (c *Cluster) played() bool { return c.address == loopbackAddress }
