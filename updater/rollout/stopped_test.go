package rollout

import "testing"

func TestStoppedRollouts(t *testing.T) {
	for name, test := range map[string]struct{ object, want string }{
		"aborted":                   {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {abort: true, phase: Degraded}}", "the rollout is aborted"},
		"aborted a moment ago":      {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {abort: true, phase: Progressing}}", "the rollout is aborted"},
		"degraded":                  {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {abort: false, phase: Degraded}}", "the rollout is degraded"},
		"healthy":                   {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Healthy}}", ""},
		"on its way":                {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Progressing}}", ""},
		"paused by its steps":       {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Paused}}", ""},
		"not seen by a controller":  {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout}", ""},
		"a status of another shape": {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: [abort]}", ""},
		"abort that is no boolean":  {"{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {abort: 'true', phase: {}}}", ""},
		"somebody else's Rollout":   {"{apiVersion: example.com/v1, kind: Rollout, status: {abort: true}}", ""},
		"a Deployment":              {"{apiVersion: apps/v1, kind: Deployment, status: {phase: Degraded}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Stopped(object(t, test.object)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
