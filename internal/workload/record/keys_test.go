package record_test

import (
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

type keys = workloadtest.Keys
