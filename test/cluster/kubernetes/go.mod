// Each version of Kubernetes has a file of its own, v1.N.P.mod, which the build names by
// -modfile. This one is only where the module is.
module github.com/garboard-dev/garboard/test/cluster/kubernetes

go 1.26.0
