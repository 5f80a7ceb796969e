//go:build !prebuilt_etcd

package main

import (
	"os"

	etcd "go.etcd.io/etcd/server/v3/etcdmain"
)

func addEtcd(parts map[string]func() int) {
	parts["etcd"] = func() int { etcd.Main(os.Args); return 0 }
}
