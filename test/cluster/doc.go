// Package cluster starts a real Kubernetes control plane on this machine, for
// tests and demonstrations: etcd, API server, controller manager, scheduler,
// an OCI registry and cert-manager, built from Go modules alone. No container
// engine, no image and no download besides Go modules is needed. The kubelet
// is the one part that is played: see controlplane/kubelet. With Options.Address
// it is left to the caller, as test/node does.
//
// The programs come from the nested module in controlplane, which has its own
// go.mod so that the product's does not hold the control plane's dependencies.
// They are built once into a cache folder (see Build); this package needs only
// the standard library, client-go and, for images, go-containerregistry.
//
// A test suite shares one cluster:
//
//	func TestMain(m *testing.M) {
//		c, err := cluster.Start(ctx, cluster.Options{})
//		…
//		code := m.Run()
//		err = c.Stop(ctx)
//		os.Exit(code)
//	}
//
// Everything listens on 127.0.0.1, at ports that were free at the start, or on
// Unix sockets: any number of clusters can run side by side.
package cluster
